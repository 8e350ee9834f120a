import { GraphBuilder, type EmittedGraph, type Value } from '../graph/builder.ts';
import { add, conv2dAt, div, mul, relu, resizeNearest, tanh } from '../graph/ops.ts';
import { MissingWeightError, tensor, type ShapeTable, type WeightRecipe } from '../graph/weight-recipe.ts';

/** A tiny autoencoder of TAESD's shape; any width and number of latent channels (spec/sdxl.md B.3). */
export interface TaesdConfig {
  readonly width: number;
  readonly latentChannels: number;
}

/** Pixels per latent, along each axis. */
export const TAESD_DOWNSCALE = 8;

const STAGES = 3;
const BLOCKS_PER_STAGE = 3;

/**
 * Canonical names `encoder.<i>.…`, `decoder.<i>.…` (indices of the original nn.Sequential) -> a file's tensors. Knows
 * bare indices (one file per direction) and diffusers' AutoencoderTiny, whose decoder does not count the clamp, with
 * any prefix. Null when the file is neither; an original file yields one direction, see `mergedWeights`.
 */
export function taesdView(fileShapes: ShapeTable): ReadonlyMap<string, WeightRecipe> | null {
  const prefix = tinyPrefix(fileShapes);
  const view = new Map<string, WeightRecipe>();
  for (const key of fileShapes.keys()) {
    const canonical = prefix === null ? bareName(key, fileShapes) : tinyName(key, prefix);
    if (canonical) view.set(canonical, tensor(key));
  }
  return view.has('encoder.0.weight') || view.has('decoder.1.weight') ? view : null;
}

/** What precedes AutoencoderTiny's names in a file; null for a file in another naming. */
function tinyPrefix(fileShapes: ShapeTable): string | null {
  for (const key of fileShapes.keys()) {
    const match = /^(|.*\.)(?:encoder|decoder)\.layers\.0\.weight$/.exec(key);
    if (match) return match[1] as string;
  }
  return null;
}

function tinyName(key: string, prefix: string): string | null {
  if (!key.startsWith(prefix)) return null;
  const match = /^(encoder|decoder)\.layers\.(\d+)\.(.+)$/.exec(key.slice(prefix.length));
  if (!match) return null;
  const shift = match[1] === 'decoder' ? 1 : 0;
  return `${match[1]}.${Number(match[2]) + shift}.${match[3]}`;
}

/** Only the encoder's first layer has weights: index 0 of the decoder is the clamp. */
function bareName(key: string, fileShapes: ShapeTable): string | null {
  return /^\d+\./.test(key) ? `${fileShapes.has('0.weight') ? 'encoder' : 'decoder'}.${key}` : null;
}

/** Reads the config off either direction. Throws {@link MissingWeightError} for another network's shapes. */
export function taesdConfig(shapes: ShapeTable): TaesdConfig {
  const decoder = shapes.get('decoder.1.weight');
  if (decoder) return { width: decoder[0] as number, latentChannels: decoder[1] as number };
  const encoder = shapes.get(`encoder.${ENCODER_END}.weight`);
  if (!encoder) throw new MissingWeightError(`encoder.${ENCODER_END}.weight`, 'TAESD');
  return { width: encoder[1] as number, latentChannels: encoder[0] as number };
}

/** Index of the encoder's last convolution: first conv, one block, then stages of one conv and three blocks. */
const ENCODER_END = 2 + STAGES * (1 + BLOCKS_PER_STAGE);

/** relu(conv(relu(conv(relu(conv(x))))) + x). */
function block(g: GraphBuilder, x: Value, prefix: string): Value {
  const first = relu(g, conv2dAt(g, x, `${prefix}.conv.0`));
  const second = relu(g, conv2dAt(g, first, `${prefix}.conv.2`));
  const skip = g.has(`${prefix}.skip.weight`) ? conv2dAt(g, x, `${prefix}.skip`) : x;
  return relu(g, add(g, conv2dAt(g, second, `${prefix}.conv.4`), skip));
}

/** Emits the encoder: `pixels` [N,3,H,W] in [0,1] -> `latents` [N,z,H/8,W/8] in the sampler's scale. */
export function emitTaesdEncoder(
  g: GraphBuilder,
  { height, width }: { height: number; width: number },
): void {
  let x = conv2dAt(g, g.input('pixels', ['N', 3, height, width]), 'encoder.0');
  x = block(g, x, 'encoder.1');
  let index = 2;
  for (let stage = 0; stage < STAGES; stage++) {
    x = conv2dAt(g, x, `encoder.${index++}`, { stride: 2 });
    for (let j = 0; j < BLOCKS_PER_STAGE; j++) x = block(g, x, `encoder.${index++}`);
  }
  g.output('latents', conv2dAt(g, x, `encoder.${ENCODER_END}`));
}

/**
 * Emits the decoder: `latents` [N,z,h,w] in the sampler's scale -> `pixels` [N,3,8h,8w], about [0,1], not clamped.
 * Indices 0 (3·tanh(x/3)), 2 (ReLU) and the nearest ×2 in front of every stage's conv have no weights.
 */
export function emitTaesdDecoder(
  g: GraphBuilder,
  { latentChannels }: TaesdConfig,
  { height, width }: { height: number; width: number },
): void {
  const three = g.scalar(3);
  const bounded = mul(
    g,
    tanh(g, div(g, g.input('latents', ['N', latentChannels, height, width]), three)),
    three,
  );
  let x = relu(g, conv2dAt(g, bounded, 'decoder.1'));
  let index = 3;
  for (let stage = 1; stage <= STAGES; stage++) {
    for (let j = 0; j < BLOCKS_PER_STAGE; j++) x = block(g, x, `decoder.${index++}`);
    index++;
    x = conv2dAt(g, resizeNearest(g, x, height * 2 ** stage, width * 2 ** stage), `decoder.${index++}`);
  }
  x = block(g, x, `decoder.${index++}`);
  g.output('pixels', conv2dAt(g, x, `decoder.${index}`));
}

/** Fixed size and precision of a TAESD graph. */
export interface TaesdGraphOptions {
  /** Size of the graph's input: pixels for the encoder, latents for the decoder. */
  readonly height: number;
  readonly width: number;
  readonly dtype?: 'f32' | 'f16';
}

/** The encoder as a graph over canonical shapes, for one picture size. */
export function taesdEncoderGraph(shapes: ShapeTable, options: TaesdGraphOptions): EmittedGraph {
  const g = new GraphBuilder('TAESD encoder', shapes, options.dtype);
  emitTaesdEncoder(g, options);
  return g.build();
}

/** The decoder as a graph over canonical shapes, for one latent size. */
export function taesdDecoderGraph(shapes: ShapeTable, options: TaesdGraphOptions): EmittedGraph {
  const g = new GraphBuilder('TAESD decoder', shapes, options.dtype);
  emitTaesdDecoder(g, taesdConfig(shapes), options);
  return g.build();
}
