import type { AttentionForm } from '../graph/attention.ts';
import { GraphBuilder, type EmittedGraph, type Value } from '../graph/builder.ts';
import type { Precision } from '../graph/dtype.ts';
import { add, conv2d, layerNorm, linear, mul, reshape, slice, toTokens } from '../graph/ops.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { ClipVisionConfig } from './config.ts';
import { clipLayer } from './encoder.ts';

/**
 * `penultimate` [N,tokens,width]: input of the last layer, all tokens, no post LayerNorm (IP-Adapter plus).
 * `image_embeds` [N,projection]: projected class token (IP-Adapter base).
 * `last` [N,tokens,width]: output of the last layer.
 */
export type ClipVisionOutput = 'penultimate' | 'image_embeds' | 'last';

/** Which outputs the graph has, and in what form it attends. */
export interface ClipVisionOptions {
  readonly attention: AttentionForm;
  readonly outputs: readonly ClipVisionOutput[];
}

/** Emits a CLIP vision tower (spec/sdxl.md D). Input: `pixel_values` [N,3,S,S], normalised as CLIP wants. */
export function emitClipVision(g: GraphBuilder, config: ClipVisionConfig, options: ClipVisionOptions): void {
  const wanted = new Set(options.outputs);
  const runLayer = (x: Value, index: number) =>
    clipLayer(g, x, `vision_model.encoder.layers.${index}`, config, { attention: options.attention });
  let x = layerNorm(g, embedPatches(g, config), 'vision_model.pre_layrnorm');
  for (let i = 0; i < config.layers - 1; i++) x = runLayer(x, i);
  if (wanted.has('penultimate')) g.output('penultimate', x);
  if (!wanted.has('last') && !wanted.has('image_embeds')) return;
  const last = runLayer(x, config.layers - 1);
  if (wanted.has('last')) g.output('last', last);
  if (wanted.has('image_embeds')) g.output('image_embeds', imageEmbeds(g, last, config));
}

/** Class token and patches with their positions, [N,tokens,width]. */
function embedPatches(g: GraphBuilder, config: ClipVisionConfig): Value {
  const { image, patch, tokens, width } = config;
  const embeddings = 'vision_model.embeddings';
  const pixels = g.input('pixel_values', ['N', 3, image, image]);
  const map = conv2d(g, pixels, `${embeddings}.patch_embedding.weight`, undefined, {
    stride: patch,
    pads: [0, 0, 0, 0],
  });
  // The batch is free, so the class token cannot be concatenated: an empty row is put in front and it is added there.
  const zero = g.scalar(0);
  const padded = g.op('Pad', [toTokens(g, map), g.integers([0, 1, 0, 0, 0, 0]), zero], ['N', tokens, width]);
  const onFirstRow = g.constant(
    Float32Array.from({ length: tokens }, (_, i) => (i === 0 ? 1 : 0)),
    [tokens, 1],
  );
  const classKey = { kind: 'tensor', key: `${embeddings}.class_embedding` } as const;
  const classRow = g.weight({ kind: 'reshape', of: classKey, dims: [1, width] });
  const positions = add(g, g.weight(`${embeddings}.position_embedding.weight`), mul(g, onFirstRow, classRow));
  return add(g, padded, positions);
}

function imageEmbeds(g: GraphBuilder, last: Value, { width }: ClipVisionConfig): Value {
  const classToken = reshape(g, slice(g, last, 1, 0, 1), ['N', width]);
  return linear(g, layerNorm(g, classToken, 'vision_model.post_layernorm'), 'visual_projection.weight');
}

/** `emitClipVision` as a graph over the canonical shapes of one tower. */
export function clipVisionGraph(
  shapes: ShapeTable,
  config: ClipVisionConfig,
  options: ClipVisionOptions & Partial<Precision>,
): EmittedGraph {
  const g = new GraphBuilder('CLIP vision encoder', shapes, options.dtype, options.linearBits);
  emitClipVision(g, config, options);
  return g.build();
}
