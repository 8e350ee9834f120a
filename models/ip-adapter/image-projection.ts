import { attention, type AttentionForm } from '../graph/attention.ts';
import { GraphBuilder, type EmittedGraph, type Value } from '../graph/builder.ts';
import type { Precision } from '../graph/dtype.ts';
import { add, concat, gelu, layerNorm, linear, linearAt, mul, reshape, slice, split } from '../graph/ops.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { BaseProjectionConfig, IpAdapterConfig, ResamplerConfig } from './config.ts';

/** What the projection's graph depends on besides the adapter. */
export interface ImageProjectionOptions {
  /** Tokens of the vision tower's hidden states (257 for ViT-H). Only the Resampler needs it. */
  readonly visionTokens: number;
  readonly attention: AttentionForm;
}

/**
 * Image projection of either kind. Plus: `hidden` [N,visionTokens,imageDim] -> `tokens` [N,tokens,contextDim].
 * Base: `image_embeds` [N,imageDim] -> `tokens`.
 */
export function imageProjectionGraph(
  shapes: ShapeTable,
  config: IpAdapterConfig,
  options: ImageProjectionOptions & Precision,
): EmittedGraph {
  const g = new GraphBuilder('IP-Adapter image projection', shapes, options.dtype, options.linearBits);
  if (config.kind === 'plus') emitResampler(g, config, options);
  else emitBaseProjection(g, config);
  return g.build();
}

/** Perceiver resampler: learned latents read the image tokens (and each other) `depth` times (spec/sdxl.md E.2). */
export function emitResampler(
  g: GraphBuilder,
  config: ResamplerConfig,
  options: ImageProjectionOptions,
): void {
  const hidden = g.input('hidden', ['N', options.visionTokens, config.imageDim]);
  const x = linearAt(g, hidden, 'image_proj.proj_in');
  let latents = batchedLatents(g, x);
  for (let i = 0; i < config.depth; i++) {
    const path = `image_proj.layers.${i}`;
    latents = add(
      g,
      latents,
      resamplerAttention(g, x, latents, `${path}.0`, config.heads, options.attention),
    );
    latents = add(g, latents, feedForward(g, latents, `${path}.1`));
  }
  g.output('tokens', layerNorm(g, linearAt(g, latents, 'image_proj.proj_out'), 'image_proj.norm_out'));
}

/** Linear, cut into tokens, LayerNorm. */
export function emitBaseProjection(g: GraphBuilder, config: BaseProjectionConfig): void {
  const embeds = g.input('image_embeds', ['N', config.imageDim]);
  const flat = linearAt(g, embeds, 'image_proj.proj');
  const tokens = reshape(g, flat, ['N', config.tokens, config.contextDim]);
  g.output('tokens', layerNorm(g, tokens, 'image_proj.norm'));
}

/**
 * The learned latents [1,tokens,dim] once per batch item. Expand would need the batch size as an int64 computation,
 * which falls back to the CPU; adding a zero of shape [N,1,1] broadcasts on the device.
 */
function batchedLatents(g: GraphBuilder, x: Value): Value {
  const perItem = slice(g, slice(g, x, 1, 0, 1), 2, 0, 1);
  return add(g, g.weight('image_proj.latents'), mul(g, perItem, g.scalar(0)));
}

function resamplerAttention(
  g: GraphBuilder,
  x: Value,
  latents: Value,
  path: string,
  heads: number,
  form: AttentionForm,
): Value {
  const image = layerNorm(g, x, `${path}.norm1`);
  const own = layerNorm(g, latents, `${path}.norm2`);
  const q = linear(g, own, `${path}.to_q.weight`);
  const packed = linear(g, concat(g, [image, own], 1), `${path}.to_kv.weight`);
  const [k, v] = split(g, packed, 2, 2) as [Value, Value];
  return linear(g, attention(g, q, k, v, { heads, form }), `${path}.to_out.weight`);
}

function feedForward(g: GraphBuilder, latents: Value, path: string): Value {
  const inner = linear(g, layerNorm(g, latents, `${path}.0`), `${path}.1.weight`);
  return linear(g, gelu(g, inner), `${path}.3.weight`);
}
