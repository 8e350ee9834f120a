import type { AttentionForm } from '../graph/attention.ts';
import { GraphBuilder, type EmittedGraph, type Value } from '../graph/builder.ts';
import type { Dim, Precision } from '../graph/dtype.ts';
import { add, concat, conv2dAt, linear, linearAt, silu, slice } from '../graph/ops.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import {
  downsample,
  normSilu,
  resBlock,
  spatialTransformer,
  upsample,
  type BlockContext,
  type CrossAttentionInputs,
} from './unet-blocks.ts';
import { crossAttentionLayers, spatialTransformers, type UnetBlock, type UnetConfig } from './unet-config.ts';

/** An IP-Adapter as the UNet sees it: image tokens per item, and where each layer's keys and values come from. */
export interface ImageAttention {
  readonly tokens: number;
  /** Layer name -> key prefix in the weights, e.g. `ip_adapter.1`. */
  readonly prefixes: ReadonlyMap<string, string>;
}

/** What a step graph is fixed to; the batch is free. */
export interface UnetStepOptions {
  /** Latent size. Free of the batch, fixed per graph. */
  readonly height: number;
  readonly width: number;
  /** Text tokens (77 per prompt chunk). */
  readonly tokens: number;
  readonly image?: ImageAttention;
  readonly attention: AttentionForm;
}

/** Names of the ports that carry a layer's keys and values from the conditioning graph to the step graph. */
export const textPorts = (layer: string) => ({ k: `kv.${layer}.k`, v: `kv.${layer}.v` });
/** The same for keys and values of the image tokens. */
export const imagePorts = (layer: string) => ({ k: `ip.${layer}.k`, v: `ip.${layer}.v` });

/**
 * One model call (spec/sdxl.md A.4-A.5, split as in A.8). Inputs: `x` [N,C,h,w] already scaled by c_in, `t_emb` [N,C0]
 * the sinusoidal timestep embedding, `y` [N,adm], per layer `kv.<layer>.k/v` [N,T,inner], with an image also
 * `ip.<layer>.k/v` [N,T_ip,inner] and `ip_scale` [N,blocks,1], the factor of the image attention per item and spatial
 * transformer in running order (0: exactly the network without adapter). Output: `eps` [N,C,h,w] (or v, for
 * v-prediction weights). Inpainting weights read mask and masked picture behind the latents of `x`.
 */
export function emitUnetStep(g: GraphBuilder, config: UnetConfig, options: UnetStepOptions): void {
  const x = g.input('x', ['N', config.inChannels, options.height, options.width]);
  const embedding = silu(g, conditionEmbedding(g, config));
  const context: BlockContext = {
    g,
    headDim: config.headDim,
    form: options.attention,
    embedding,
    crossAttention: crossAttentionPorts(g, config, options),
  };
  const h = runBlocks(context, config, x);
  g.output('eps', conv2dAt(g, normSilu(g, h, 'out.0'), 'out.2'));
}

/** `emitUnetStep` as a finished graph. */
export function unetStepGraph(
  shapes: ShapeTable,
  config: UnetConfig,
  options: UnetStepOptions & Precision,
): EmittedGraph {
  const g = new GraphBuilder('UNet', shapes, options.dtype, options.linearBits);
  emitUnetStep(g, config, options);
  return g.build();
}

/** Text tokens, and image attention where there is an adapter. */
export interface UnetConditioningOptions {
  readonly tokens: number;
  readonly image?: ImageAttention;
}

/**
 * All cross-attention keys and values, once per batch instead of once per step: `context` [N,T,C] (and `image_tokens`
 * [N,T_ip,C]) -> `kv.<layer>.k/v` (and `ip.<layer>.k/v`).
 */
export function emitUnetConditioning(
  g: GraphBuilder,
  config: UnetConfig,
  { tokens, image }: UnetConditioningOptions,
): void {
  const context = g.input('context', ['N', tokens, config.contextDim]);
  for (const { name } of crossAttentionLayers(config)) {
    g.output(textPorts(name).k, linear(g, context, `${name}.to_k.weight`));
    g.output(textPorts(name).v, linear(g, context, `${name}.to_v.weight`));
  }
  if (!image) return;
  const imageTokens = g.input('image_tokens', ['N', image.tokens, config.contextDim]);
  for (const [name, prefix] of image.prefixes) {
    g.output(imagePorts(name).k, linear(g, imageTokens, `${prefix}.to_k_ip.weight`));
    g.output(imagePorts(name).v, linear(g, imageTokens, `${prefix}.to_v_ip.weight`));
  }
}

/** `emitUnetConditioning` as a finished graph. */
export function unetConditioningGraph(
  shapes: ShapeTable,
  config: UnetConfig,
  options: UnetConditioningOptions & Precision,
): EmittedGraph {
  const g = new GraphBuilder('UNet conditioning', shapes, options.dtype, options.linearBits);
  emitUnetConditioning(g, config, options);
  return g.build();
}

function conditionEmbedding(g: GraphBuilder, config: UnetConfig): Value {
  const mlp = (input: Value, path: string) =>
    linearAt(g, silu(g, linearAt(g, input, `${path}.0`)), `${path}.2`);
  const time = mlp(g.input('t_emb', ['N', config.modelChannels]), 'time_embed');
  return add(g, time, mlp(g.input('y', ['N', config.admDim]), 'label_emb.0'));
}

function crossAttentionPorts(
  g: GraphBuilder,
  config: UnetConfig,
  { tokens, image }: UnetStepOptions,
): (layer: string) => CrossAttentionInputs {
  const layers = new Map(crossAttentionLayers(config).map((layer) => [layer.name, layer]));
  const scales = image && blockScales(g, spatialTransformers(config).length);
  return (name) => {
    const layer = layers.get(name);
    if (!layer) throw new Error(`"${name}" is no cross-attention layer of this UNet`);
    const pair = (ports: { k: string; v: string }, count: number) => ({
      k: g.input(ports.k, ['N', count, layer.channels]),
      v: g.input(ports.v, ['N', count, layer.channels]),
    });
    const text = pair(textPorts(name), tokens);
    if (!image || !scales) return text;
    return { ...text, image: { ...pair(imagePorts(name), image.tokens), scale: scales(layer.block) } };
  };
}

/** The input `ip_scale` [N,blocks,1], one column [N,1,1] per spatial transformer. */
function blockScales(g: GraphBuilder, blocks: number): (block: number) => Value {
  const all = g.input('ip_scale', ['N', blocks, 1]);
  const columns = new Map<number, Value>();
  return (block) => {
    const column = columns.get(block) ?? slice(g, all, 1, block, block + 1);
    columns.set(block, column);
    return column;
  };
}

/** Encoder half with its skips, middle, decoder half: each output block first does concat([h, skip]). */
function runBlocks(context: BlockContext, config: UnetConfig, x: Value): Value {
  const skips: Value[] = [];
  let h = x;
  for (const block of config.input) {
    h = runBlock(context, block, h);
    skips.push(h);
  }
  h = runBlock(context, config.middle, h);
  for (const block of config.output) {
    const skip = skips.pop();
    if (!skip) throw new Error('the UNet has more output blocks than input blocks');
    h = runBlock(context, block, concat(context.g, [h, skip], 1), skips.at(-1));
  }
  return h;
}

/** `next` is the skip tensor that the following block concatenates: an upsample must reach exactly its size. */
function runBlock(context: BlockContext, block: UnetBlock, input: Value, next?: Value): Value {
  const { g } = context;
  let h = input;
  for (const module of block) {
    const [, , height, width] = h.dims as [Dim, number, number, number];
    const target = (next?.dims.slice(2) ?? [height * 2, width * 2]) as [number, number];
    switch (module.kind) {
      case 'conv':
        h = conv2dAt(g, h, module.path);
        break;
      case 'res':
        h = resBlock(context, h, module.path);
        break;
      case 'transformer':
        h = spatialTransformer(context, h, module.path, module.depth);
        break;
      case 'down':
        h = downsample(g, h, module.path);
        break;
      case 'up':
        h = upsample(g, h, module.path, ...target);
        break;
    }
  }
  return h;
}
