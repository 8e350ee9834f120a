import type { AttentionForm } from '../graph/attention.ts';
import { GraphBuilder, type EmittedGraph, type Value } from '../graph/builder.ts';
import type { Precision } from '../graph/dtype.ts';
import { add, layerNorm, linear, matmul, reshape } from '../graph/ops.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { ClipTextConfig } from './config.ts';
import { clipLayer } from './encoder.ts';

/**
 * `penultimate` [N,T,width]: input of the last layer, no final LayerNorm: what SDXL is conditioned on.
 * `last` [N,T,width]: output of the last layer. `last_normed`: the same after the final LayerNorm.
 * `pooled` [N,projection]: final LayerNorm of the end-of-text token, through the projection if there is one.
 */
export type ClipTextOutput = 'penultimate' | 'last' | 'last_normed' | 'pooled';

/** Which outputs the graph has, and in what form it attends. */
export interface ClipTextOptions {
  readonly attention: AttentionForm;
  readonly outputs: readonly ClipTextOutput[];
}

/** The table [vocabulary,width] that `token_embeds` are rows of. */
export const CLIP_TOKEN_TABLE = 'text_model.embeddings.token_embedding.weight';

/** Far below any score and still an fp16 number; −∞ would turn a fully masked row into NaN. */
const MASKED = -30000;

/**
 * Emits a CLIP text tower (spec/sdxl.md C.1, C.2). Inputs: `token_embeds` [N,T,width], rows of {@link CLIP_TOKEN_TABLE}
 * that the host looks up, so that the table takes no memory of the device; and, for `pooled`, `eot` [N,T], one where the text ends and zero elsewhere: a float selector, since integer arithmetic would leave the GPU.
 */
export function emitClipText(g: GraphBuilder, config: ClipTextConfig, options: ClipTextOptions): void {
  const wanted = new Set(options.outputs);
  const needsLast = options.outputs.some((output) => output !== 'penultimate');
  const bias = g.constant(causalMask(config.context), [1, 1, config.context, config.context]);
  const runLayer = (x: Value, index: number) =>
    clipLayer(g, x, `text_model.encoder.layers.${index}`, config, { attention: options.attention, bias });
  let x = embedTokens(g, config);
  for (let i = 0; i < config.layers - 1; i++) x = runLayer(x, i);
  if (wanted.has('penultimate')) g.output('penultimate', x);
  if (!needsLast) return;
  const last = runLayer(x, config.layers - 1);
  if (wanted.has('last')) g.output('last', last);
  if (wanted.has('last_normed')) g.output('last_normed', finalNorm(g, last));
  if (wanted.has('pooled')) g.output('pooled', pooled(g, last, config));
}

/** Token rows plus position rows, [N,T,width]. */
function embedTokens(g: GraphBuilder, { context, width }: ClipTextConfig): Value {
  const tokens = g.input('token_embeds', ['N', context, width]);
  return add(g, tokens, g.weight('text_model.embeddings.position_embedding.weight'));
}

function finalNorm(g: GraphBuilder, x: Value): Value {
  return layerNorm(g, x, 'text_model.final_layer_norm');
}

/** The end-of-text row is picked before the LayerNorm, which treats rows alone anyway. */
function pooled(g: GraphBuilder, last: Value, { context, width, projection }: ClipTextConfig): Value {
  const selector = reshape(g, g.input('eot', ['N', context]), ['N', 1, context]);
  const end = finalNorm(g, reshape(g, matmul(g, selector, last), ['N', width]));
  return projection === null ? end : linear(g, end, 'text_projection.weight');
}

function causalMask(context: number): Float32Array {
  return Float32Array.from({ length: context * context }, (_, i) =>
    i % context > Math.floor(i / context) ? MASKED : 0,
  );
}

/** `emitClipText` as a graph over the canonical shapes of one tower. */
export function clipTextGraph(
  shapes: ShapeTable,
  config: ClipTextConfig,
  options: ClipTextOptions & Partial<Precision>,
): EmittedGraph {
  const g = new GraphBuilder('CLIP text encoder', shapes, options.dtype, options.linearBits);
  emitClipText(g, config, options);
  return g.build();
}

/** The `eot` input for rows of ids [N·T]: the first place of the largest id (49407 ends every text). */
export function endOfTextSelector(ids: ArrayLike<number>, context: number): Float32Array {
  const selector = new Float32Array(ids.length);
  for (let row = 0; row < ids.length; row += context) {
    let best = row;
    for (let i = row + 1; i < row + context; i++) if ((ids[i] as number) > (ids[best] as number)) best = i;
    selector[best] = 1;
  }
  return selector;
}
