import type { GraphBuilder, Value } from './builder.ts';
import type { Dim } from './dtype.ts';
import { add, concat, matmul, mul, reshape, slice, softmax, transpose } from './ops.ts';

/**
 * Which of two equal forms attention is emitted in. `fused` is com.microsoft.MultiHeadAttention; `plain` is
 * MatMul-Softmax-MatMul over query chunks. The fused kernel is wrong on some adapters, so the runtime probes it and
 * chooses (spec/onnxruntime-web.md §3.3, appendix B).
 */
export type AttentionForm = 'fused' | 'plain';

/** Form and extras of one attention. */
export interface AttentionOptions {
  readonly heads: number;
  readonly form: AttentionForm;
  /** Additive bias, broadcastable to [N,heads,queries,keys]. */
  readonly bias?: Value;
  /** Queries per chunk of the plain form; bounds the score matrix. Default: no chunking. */
  readonly chunk?: number;
}

/** softmax(q·kᵀ/√d + bias)·v per head; q [N,Tq,heads·d], k and v [N,Tk,heads·d] -> [N,Tq,heads·d]. */
export function attention(g: GraphBuilder, q: Value, k: Value, v: Value, options: AttentionOptions): Value {
  return options.form === 'fused' ? fusedAttention(g, q, k, v, options) : plainAttention(g, q, k, v, options);
}

function fusedAttention(
  g: GraphBuilder,
  q: Value,
  k: Value,
  v: Value,
  { heads, bias }: AttentionOptions,
): Value {
  const inputs = bias ? [q, k, v, null, null, bias] : [q, k, v];
  return g.contrib('MultiHeadAttention', inputs, [q.dims[0] as Dim, q.dims[1] as Dim, v.dims[2] as Dim], {
    num_heads: { int: heads },
  });
}

/** [N,T,heads·d] -> [N,heads,T,d]. */
export function splitHeads(g: GraphBuilder, x: Value, heads: number): Value {
  const [n, t, c] = x.dims as [Dim, Dim, number];
  return transpose(g, reshape(g, x, headDims(n, t, heads, c / heads)), [0, 2, 1, 3]);
}

/** Reshape can leave only one axis free, so the batch or the tokens must be static. */
function headDims(n: Dim, t: Dim, heads: number, headDim: number): readonly Dim[] {
  if (typeof n !== 'number' && typeof t !== 'number')
    throw new Error('attention needs a static batch or a static token count');
  return [n, t, heads, headDim];
}

/** [N,heads,T,d] -> [N,T,heads·d]. */
export function mergeHeads(g: GraphBuilder, x: Value): Value {
  const [n, heads, t, d] = x.dims as [Dim, number, Dim, number];
  return reshape(g, transpose(g, x, [0, 2, 1, 3]), [n, t, heads * d]);
}

function plainAttention(g: GraphBuilder, q: Value, k: Value, v: Value, options: AttentionOptions): Value {
  const { heads, bias, chunk } = options;
  const keys = transpose(g, splitHeads(g, k, heads), [0, 1, 3, 2]);
  const values = splitHeads(g, v, heads);
  const scale = 1 / Math.sqrt((q.dims[2] as number) / heads);
  const queries = mul(g, splitHeads(g, q, heads), g.scalar(scale));
  const total = queries.dims[2] as Dim;
  if (!chunk || typeof total !== 'number' || total <= chunk)
    return mergeHeads(g, weightedSum(g, queries, keys, values, bias));
  const parts: Value[] = [];
  for (let begin = 0; begin < total; begin += chunk) {
    const end = Math.min(begin + chunk, total);
    const partBias = bias && bias.dims[2] !== 1 ? slice(g, bias, 2, begin, end) : bias;
    parts.push(weightedSum(g, slice(g, queries, 2, begin, end), keys, values, partBias));
  }
  return mergeHeads(g, concat(g, parts, 2));
}

function weightedSum(g: GraphBuilder, q: Value, keys: Value, values: Value, bias?: Value): Value {
  const scores = matmul(g, q, keys);
  return matmul(g, softmax(g, bias ? add(g, scores, bias) : scores), values);
}
