import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { UnetBlock, UnetConfig, UnetModule } from './unet-config.ts';

/** What is wrong with a UNet file, key by key (canonical names). */
export interface UnetKeyReport {
  readonly missing: readonly string[];
  readonly unknown: readonly string[];
  /** "key is [a, b], not [c, d]". */
  readonly misshapen: readonly Sentence[];
}

/** Compares a file's UNet tensors with what its own configuration implies. */
export function checkUnetShapes(shapes: ShapeTable, config: UnetConfig): UnetKeyReport {
  const expected = unetShapes(config);
  const misshapen = [...expected].flatMap(([key, dims]) => {
    const found = shapes.get(key);
    const same = !found || found.join() === dims.join();
    return same ? [] : [sentence`"${key}" is [${found.join(', ')}], not [${dims.join(', ')}]`];
  });
  return {
    missing: [...expected.keys()].filter((key) => !shapes.has(key)),
    unknown: [...shapes.keys()].filter((key) => !expected.has(key)),
    misshapen,
  };
}

/** Every tensor a UNet of this configuration has, by canonical name (spec/sdxl.md A.6). */
export function unetShapes(config: UnetConfig): Map<string, readonly number[]> {
  const table = new Map<string, readonly number[]>();
  const { embedDim, modelChannels } = config;
  affine(table, 'time_embed.0', [embedDim, modelChannels]);
  affine(table, 'time_embed.2', [embedDim, embedDim]);
  affine(table, 'label_emb.0.0', [embedDim, config.admDim]);
  affine(table, 'label_emb.0.2', [embedDim, embedDim]);
  const skips: number[] = [];
  let channels = config.inChannels;
  for (const block of config.input) {
    channels = addBlock(table, config, block, channels);
    skips.push(channels);
  }
  channels = addBlock(table, config, config.middle, channels);
  for (const block of config.output) channels = addBlock(table, config, block, channels + (skips.pop() ?? 0));
  affine(table, 'out.0', [channels]);
  affine(table, 'out.2', [config.outChannels, channels, 3, 3]);
  return table;
}

type Table = Map<string, readonly number[]>;

/** A weight and its bias, which has one number per output. */
function affine(table: Table, path: string, weight: readonly number[]): void {
  table.set(`${path}.weight`, weight);
  table.set(`${path}.bias`, weight.slice(0, 1));
}

function addBlock(table: Table, config: UnetConfig, block: UnetBlock, input: number): number {
  return block.reduce((channels, module) => {
    addModule(table, config, module, channels);
    return module.channels;
  }, input);
}

function addModule(table: Table, config: UnetConfig, module: UnetModule, input: number): void {
  const { path, channels } = module;
  switch (module.kind) {
    case 'conv':
      return affine(table, path, [channels, input, 3, 3]);
    case 'down':
      return affine(table, `${path}.op`, [channels, input, 3, 3]);
    case 'up':
      return affine(table, `${path}.conv`, [channels, input, 3, 3]);
    case 'res':
      return addResBlock(table, config.embedDim, path, input, channels);
    case 'transformer':
      affine(table, `${path}.norm`, [channels]);
      affine(table, `${path}.proj_in`, [channels, channels]);
      affine(table, `${path}.proj_out`, [channels, channels]);
      for (let i = 0; i < module.depth; i++)
        addTransformerBlock(table, config.contextDim, `${path}.transformer_blocks.${i}`, channels);
  }
}

function addResBlock(table: Table, embedDim: number, path: string, input: number, channels: number): void {
  affine(table, `${path}.in_layers.0`, [input]);
  affine(table, `${path}.in_layers.2`, [channels, input, 3, 3]);
  affine(table, `${path}.emb_layers.1`, [channels, embedDim]);
  affine(table, `${path}.out_layers.0`, [channels]);
  affine(table, `${path}.out_layers.3`, [channels, channels, 3, 3]);
  if (input !== channels) affine(table, `${path}.skip_connection`, [channels, input, 1, 1]);
}

function addTransformerBlock(table: Table, contextDim: number, path: string, channels: number): void {
  for (const i of [1, 2, 3]) affine(table, `${path}.norm${i}`, [channels]);
  for (const [attention, width] of [
    ['attn1', channels],
    ['attn2', contextDim],
  ] as const) {
    table.set(`${path}.${attention}.to_q.weight`, [channels, channels]);
    table.set(`${path}.${attention}.to_k.weight`, [channels, width]);
    table.set(`${path}.${attention}.to_v.weight`, [channels, width]);
    affine(table, `${path}.${attention}.to_out.0`, [channels, channels]);
  }
  affine(table, `${path}.ff.net.0.proj`, [8 * channels, channels]);
  affine(table, `${path}.ff.net.2`, [channels, 4 * channels]);
}
