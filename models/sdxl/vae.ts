import { attention } from '../graph/attention.ts';
import { GraphBuilder, type EmittedGraph, type Value } from '../graph/builder.ts';
import {
  add,
  conv2d,
  conv2dAt,
  groupNorm,
  linear,
  resizeNearest,
  silu,
  slice,
  toMap,
  toTokens,
} from '../graph/ops.ts';
import { MissingWeightError, type ShapeTable, type WeightRecipe } from '../graph/weight-recipe.ts';

/** Shape of a KL autoencoder of the Stable Diffusion family, recovered from canonical names and shapes. */
export interface VaeConfig {
  /** Resolution levels; the picture shrinks by 2^(levels−1). */
  readonly levels: number;
  readonly encoderBlocks: number;
  readonly decoderBlocks: number;
  readonly latentChannels: number;
  /** Groups of every GroupNorm. */
  readonly groups: number;
}

/** Divided out of the sampler's latents before decoding, multiplied in after encoding (spec/sdxl.md B.1). */
export const SDXL_LATENT_SCALE = 0.13025;

/** GroupNorm epsilon everywhere in the VAE; the UNet's is 1e-5 (spec/sdxl.md B.1). */
const EPSILON = 1e-6;

/** Queries per step of the middle attention: bounds the score matrix of a 512 px tile to 1024×4096. */
const QUERY_CHUNK = 1024;

/** Pixels per latent, along each axis. */
export function vaeDownscale({ levels }: VaeConfig): number {
  return 2 ** (levels - 1);
}

/** Reads a VAE's config. Throws {@link MissingWeightError} when the shapes are not a KL-VAE's. */
export function vaeConfig(shapes: ShapeTable, overrides: { readonly groups?: number } = {}): VaeConfig {
  const latents = shapes.get('decoder.conv_in.weight');
  if (!latents) throw new MissingWeightError('decoder.conv_in.weight', 'VAE');
  return {
    levels: count(shapes, (i) => `decoder.up.${i}.block.0.conv1.weight`),
    encoderBlocks: count(shapes, (i) => `encoder.down.0.block.${i}.conv1.weight`),
    decoderBlocks: count(shapes, (i) => `decoder.up.0.block.${i}.conv1.weight`),
    latentChannels: latents[1] as number,
    groups: overrides.groups ?? 32,
  };
}

function count(shapes: ShapeTable, key: (index: number) => string): number {
  let found = 0;
  while (shapes.has(key(found))) found++;
  if (found === 0) throw new MissingWeightError(key(0), 'VAE');
  return found;
}

/** Emits parts of a VAE; carries what every block needs. */
class VaeEmitter {
  readonly #g: GraphBuilder;
  readonly #groups: number;

  constructor(g: GraphBuilder, groups: number) {
    this.#g = g;
    this.#groups = groups;
  }

  /** silu(GroupNorm(x)). */
  normed(x: Value, prefix: string): Value {
    return silu(this.#g, groupNorm(this.#g, x, prefix, EPSILON, this.#groups));
  }

  resnet(x: Value, prefix: string): Value {
    const g = this.#g;
    const first = conv2dAt(g, this.normed(x, `${prefix}.norm1`), `${prefix}.conv1`);
    const second = conv2dAt(g, this.normed(first, `${prefix}.norm2`), `${prefix}.conv2`);
    const shortcut = `${prefix}.nin_shortcut`;
    return add(g, g.has(`${shortcut}.weight`) ? conv2dAt(g, x, shortcut) : x, second);
  }

  /** Single-head attention over all places, always in the plain form: the fused one overflows (onnxruntime-web §3.5). */
  attention(x: Value, prefix: string): Value {
    const g = this.#g;
    const [, channels, height, width] = x.dims as [string, number, number, number];
    const tokens = toTokens(g, groupNorm(g, x, `${prefix}.norm`, EPSILON, this.#groups));
    const project = (y: Value, part: string) =>
      linear(g, y, matrix(`${prefix}.${part}.weight`, channels), `${prefix}.${part}.bias`);
    const q = project(tokens, 'q');
    const mixed = attention(g, q, project(tokens, 'k'), project(tokens, 'v'), {
      heads: 1,
      form: 'plain',
      chunk: QUERY_CHUNK,
    });
    return add(g, x, toMap(g, project(mixed, 'proj_out'), height, width));
  }

  middle(x: Value, prefix: string): Value {
    const first = this.resnet(x, `${prefix}.block_1`);
    return this.resnet(this.attention(first, `${prefix}.attn_1`), `${prefix}.block_2`);
  }
}

/** A 1×1 convolution [C,C,1,1] (LDM) or linear layer [C,C] (diffusers) as a matrix. */
function matrix(key: string, channels: number): WeightRecipe {
  return { kind: 'reshape', of: { kind: 'tensor', key }, dims: [channels, channels] };
}

/** The whole posterior (mean, then log-variance), or its mean alone. */
export type VaeEncoderOutput = 'moments' | 'mean';

/** Size of the picture in pixels, multiples of 8, and which outputs. */
export interface VaeEncoderOptions {
  readonly height: number;
  readonly width: number;
  readonly outputs: readonly VaeEncoderOutput[];
}

/**
 * Emits the encoder: `pixels` [N,3,H,W] in [−1,1] -> `moments` [N,2z,H/8,W/8] (mean, then log-variance) and/or
 * `mean` [N,z,H/8,W/8], not yet scaled (spec/sdxl.md B.1).
 */
export function emitVaeEncoder(g: GraphBuilder, config: VaeConfig, options: VaeEncoderOptions): void {
  const emit = new VaeEmitter(g, config.groups);
  let h = conv2dAt(g, g.input('pixels', ['N', 3, options.height, options.width]), 'encoder.conv_in');
  for (let level = 0; level < config.levels; level++) {
    const at = `encoder.down.${level}`;
    for (let j = 0; j < config.encoderBlocks; j++) h = emit.resnet(h, `${at}.block.${j}`);
    // The reference pads right and bottom only, with zeros.
    if (level < config.levels - 1)
      h = conv2dAt(g, h, `${at}.downsample.conv`, { stride: 2, pads: [0, 0, 1, 1] });
  }
  h = emit.normed(emit.middle(h, 'encoder.mid'), 'encoder.norm_out');
  const moments = optionalConv(g, conv2dAt(g, h, 'encoder.conv_out'), 'quant_conv');
  if (options.outputs.includes('moments')) g.output('moments', moments);
  if (options.outputs.includes('mean')) g.output('mean', slice(g, moments, 1, 0, config.latentChannels));
}

/** Emits the decoder: `latents` [N,z,h,w], scale divided out -> `pixels` [N,3,8h,8w] around [−1,1] (B.1). */
export function emitVaeDecoder(
  g: GraphBuilder,
  config: VaeConfig,
  { height, width }: { readonly height: number; readonly width: number },
): void {
  const emit = new VaeEmitter(g, config.groups);
  const latents = g.input('latents', ['N', config.latentChannels, height, width]);
  let h = conv2dAt(g, optionalConv(g, latents, 'post_quant_conv'), 'decoder.conv_in');
  h = emit.middle(h, 'decoder.mid');
  for (let level = config.levels - 1; level >= 0; level--) {
    const at = `decoder.up.${level}`;
    for (let j = 0; j < config.decoderBlocks; j++) h = emit.resnet(h, `${at}.block.${j}`);
    if (level === 0) continue;
    const [rows, columns] = h.dims.slice(2) as [number, number];
    h = conv2dAt(g, resizeNearest(g, h, rows * 2, columns * 2), `${at}.upsample.conv`);
  }
  g.output('pixels', conv2dAt(g, emit.normed(h, 'decoder.norm_out'), 'decoder.conv_out'));
}

/** Files without (post_)quant_conv exist (diffusers `use_quant_conv: false`). */
function optionalConv(g: GraphBuilder, x: Value, prefix: string): Value {
  return g.has(`${prefix}.weight`) ? conv2d(g, x, `${prefix}.weight`, `${prefix}.bias`) : x;
}

/** The encoder as a graph over canonical shapes, for one picture size. */
export function vaeEncoderGraph(
  shapes: ShapeTable,
  config: VaeConfig,
  options: VaeEncoderOptions & { readonly dtype?: 'f32' | 'f16' },
): EmittedGraph {
  const g = new GraphBuilder('VAE encoder', shapes, options.dtype);
  emitVaeEncoder(g, config, options);
  return g.build();
}

/** The decoder as a graph over canonical shapes, for one latent size. */
export function vaeDecoderGraph(
  shapes: ShapeTable,
  config: VaeConfig,
  options: { readonly height: number; readonly width: number; readonly dtype?: 'f32' | 'f16' },
): EmittedGraph {
  const g = new GraphBuilder('VAE decoder', shapes, options.dtype);
  emitVaeDecoder(g, config, options);
  return g.build();
}
