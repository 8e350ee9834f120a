import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';

/** One sub-module of a UNet block, in the order it runs. `path` is its canonical key prefix. */
export type UnetModule =
  | { readonly kind: 'conv' | 'down' | 'up'; readonly path: string; readonly channels: number }
  | { readonly kind: 'res'; readonly path: string; readonly channels: number }
  | {
      readonly kind: 'transformer';
      readonly path: string;
      readonly channels: number;
      /** Transformer blocks inside; each has one self- and one cross-attention. */
      readonly depth: number;
    };

/** The modules of one numbered block, in the order they run. */
export type UnetBlock = readonly UnetModule[];

/** One resolution of the UNet, as the encoder half has it. */
export interface UnetLevel {
  readonly channels: number;
  readonly resBlocks: number;
  /** Transformer blocks after each ResBlock; 0 where the level has no attention. */
  readonly transformerDepths: readonly number[];
}

/**
 * Shape of a UNet of the SDXL family, recovered from its weights (spec/sdxl.md A.1, A.5). `input`, `middle` and
 * `output` list the modules exactly as the keys name them, so that distilled variants with other depths need no code.
 */
export interface UnetConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Width of the sinusoidal time embedding and of the first level. */
  readonly modelChannels: number;
  readonly embedDim: number;
  /** Width of the text (and image) tokens that cross-attention reads. */
  readonly contextDim: number;
  /** Width of the label vector y: pooled text plus six size embeddings. */
  readonly admDim: number;
  /** Channels per attention head. Not recoverable from weights: 64 in every known SDXL file. */
  readonly headDim: number;
  readonly levels: readonly UnetLevel[];
  readonly middleDepth: number;
  readonly input: readonly UnetBlock[];
  readonly middle: UnetBlock;
  readonly output: readonly UnetBlock[];
}

/** One spatial transformer of the network: the unit in which an image anchor's scale is set (spec/sdxl.md E.3). */
export interface SpatialTransformer {
  /** Canonical path, e.g. `input_blocks.4.1`. */
  readonly path: string;
  readonly channels: number;
  /** Cross-attention layers inside. */
  readonly depth: number;
  readonly part: 'input' | 'middle' | 'output';
}

/** One cross-attention layer; its name prefixes the keys and the graph's K/V ports. */
export interface CrossAttentionLayer {
  /** Canonical path, e.g. `input_blocks.4.1.transformer_blocks.0.attn2`. */
  readonly name: string;
  readonly channels: number;
  readonly part: SpatialTransformer['part'];
  /** Index of its spatial transformer in {@link spatialTransformers}. */
  readonly block: number;
}

/** Width of one attention head of SDXL; shapes do not tell it. */
export const DEFAULT_HEAD_DIM = 64;
/** GroupNorm groups of every SDXL-family network. */
export const UNET_GROUPS = 32;

/**
 * Reads the configuration from canonical key names (`input_blocks.0.0.weight`, see unet-names.ts) and shapes.
 * @throws AppError `model-corrupt` when a tensor that decides the structure is missing or has a wrong rank.
 */
export function readUnetConfig(shapes: ShapeTable, headDim: number = DEFAULT_HEAD_DIM): UnetConfig {
  const reader = new BlockReader(shapes);
  const input = reader.blocks('input_blocks');
  const output = reader.blocks('output_blocks');
  const middle = reader.block('middle_block');
  const config: UnetConfig = {
    inChannels: dim(shapes, 'input_blocks.0.0.weight', 1),
    outChannels: dim(shapes, 'out.2.weight', 0),
    modelChannels: dim(shapes, 'time_embed.0.weight', 1),
    embedDim: dim(shapes, 'time_embed.2.weight', 0),
    contextDim: contextWidth(shapes, [...input.flat(), ...middle, ...output.flat()]),
    admDim: dim(shapes, 'label_emb.0.0.weight', 1),
    headDim,
    levels: levelsOf(input),
    middleDepth: Math.max(0, ...middle.map((module) => (module.kind === 'transformer' ? module.depth : 0))),
    input,
    middle,
    output,
  };
  checkHeads(config);
  return config;
}

/** All spatial transformers in the order the network runs them: SDXL has 4 input, 1 middle and 6 output ones. */
export function spatialTransformers({ input, middle, output }: UnetConfig): SpatialTransformer[] {
  const within = (blocks: readonly UnetBlock[], part: SpatialTransformer['part']) =>
    blocks
      .flat()
      .flatMap((module) =>
        module.kind === 'transformer'
          ? [{ path: module.path, channels: module.channels, depth: module.depth, part }]
          : [],
      );
  return [...within(input, 'input'), ...within([middle], 'middle'), ...within(output, 'output')];
}

/** All cross-attention layers in the order the network runs them. */
export function crossAttentionLayers(config: UnetConfig): CrossAttentionLayer[] {
  return spatialTransformers(config).flatMap(({ path, channels, depth, part }, block) =>
    Array.from({ length: depth }, (_, i) => ({
      name: `${path}.transformer_blocks.${i}.attn2`,
      channels,
      part,
      block,
    })),
  );
}

/** Whether the input holds more than latents: [latents, mask, latents of the masked picture] (spec/sdxl.md H). */
export function isInpaintUnet({ inChannels, outChannels }: UnetConfig): boolean {
  return inChannels === 2 * outChannels + 1;
}

function corrupt(reason: Sentence): AppError {
  return new AppError('model-corrupt', sentence`The UNet in this file cannot be used: ${reason}.`);
}

function dim(shapes: ShapeTable, key: string, axis: number): number {
  const size = shapes.get(key)?.[axis];
  if (size === undefined) throw corrupt(sentence`its tensor "${key}" is missing or has no axis ${axis}`);
  return size;
}

function contextWidth(shapes: ShapeTable, modules: readonly UnetModule[]): number {
  const first = modules.find((module) => module.kind === 'transformer');
  if (!first) throw corrupt(sentence`it has no cross-attention`);
  return dim(shapes, `${first.path}.transformer_blocks.0.attn2.to_k.weight`, 1);
}

function checkHeads(config: UnetConfig): void {
  for (const { name, channels } of crossAttentionLayers(config))
    if (channels % config.headDim !== 0)
      throw corrupt(
        sentence`"${name}" is ${channels} wide, which does not divide into heads of ${config.headDim}`,
      );
}

function levelsOf(input: readonly UnetBlock[]): UnetLevel[] {
  const levels: { channels: number; resBlocks: number; transformerDepths: number[] }[] = [
    { channels: 0, resBlocks: 0, transformerDepths: [] },
  ];
  for (const block of input) {
    const level = levels.at(-1) as (typeof levels)[number];
    if (block[0]?.kind === 'down') levels.push({ channels: 0, resBlocks: 0, transformerDepths: [] });
    if (block[0]?.kind !== 'res') continue;
    const transformer = block.find((module) => module.kind === 'transformer');
    level.channels = block[0].channels;
    level.resBlocks++;
    level.transformerDepths.push(transformer?.depth ?? 0);
  }
  return levels;
}

/** Groups the keys of a file by block and tells what each numbered sub-module is. */
class BlockReader {
  readonly #shapes: ShapeTable;
  /** Path -> numbered children, e.g. `input_blocks.4` -> {0, 1}. */
  readonly #children = new Map<string, Set<number>>();

  constructor(shapes: ShapeTable) {
    this.#shapes = shapes;
    for (const key of shapes.keys()) this.#index(key);
  }

  #index(key: string): void {
    const parts = key.split('.');
    for (let i = 1; i < parts.length; i++) {
      const part = parts[i] as string;
      if (!/^\d+$/.test(part)) continue;
      const parent = parts.slice(0, i).join('.');
      const known = this.#children.get(parent) ?? new Set();
      this.#children.set(parent, known.add(Number(part)));
    }
  }

  /** How many children `path` has; they must be numbered 0, 1, 2, ... */
  #count(path: string): number {
    const numbers = this.#children.get(path) ?? new Set();
    for (let i = 0; i < numbers.size; i++)
      if (!numbers.has(i)) throw corrupt(sentence`"${path}.${i}" is missing though later ones exist`);
    return numbers.size;
  }

  blocks(path: string): UnetBlock[] {
    const count = this.#count(path);
    if (count === 0) throw corrupt(sentence`it has no "${path}"`);
    return Array.from({ length: count }, (_, i) => this.block(`${path}.${i}`));
  }

  block(path: string): UnetBlock {
    return Array.from({ length: this.#count(path) }, (_, i) => this.#module(`${path}.${i}`));
  }

  #module(path: string): UnetModule {
    const shapes = this.#shapes;
    if (shapes.has(`${path}.in_layers.2.weight`))
      return { kind: 'res', path, channels: dim(shapes, `${path}.in_layers.2.weight`, 0) };
    if (shapes.has(`${path}.proj_in.weight`)) return this.#transformer(path);
    if (shapes.has(`${path}.op.weight`))
      return { kind: 'down', path, channels: dim(shapes, `${path}.op.weight`, 0) };
    if (shapes.has(`${path}.conv.weight`))
      return { kind: 'up', path, channels: dim(shapes, `${path}.conv.weight`, 0) };
    if (shapes.has(`${path}.weight`))
      return { kind: 'conv', path, channels: dim(shapes, `${path}.weight`, 0) };
    throw corrupt(sentence`"${path}" is neither a ResBlock, a transformer, nor a resize`);
  }

  #transformer(path: string): UnetModule {
    const projection = this.#shapes.get(`${path}.proj_in.weight`) ?? [];
    if (projection.length !== 2)
      throw corrupt(
        sentence`"${path}.proj_in" is a convolution, as in Stable Diffusion 1, not SDXL's linear layer`,
      );
    const depth = this.#count(`${path}.transformer_blocks`);
    return { kind: 'transformer', path, channels: projection[0] as number, depth };
  }
}
