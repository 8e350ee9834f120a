import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

/**
 * Longest context that rows of different length share, in tokens: 8 chunks of 77, so that 1, 2, 3 and 4 chunks mostly
 * meet in one session. Sharing costs keys and values; not sharing costs a second copy of the model's weights.
 */
const MAX_SHARED_TOKENS = 8 * 77;

/** Rows whose contexts are repeated to one length. */
export interface ContextGroup {
  /** Indices into the rows given, ascending. */
  readonly rows: readonly number[];
  readonly tokens: number;
}

/**
 * Splits rows by the length of their contexts into as few groups as fit {@link MAX_SHARED_TOKENS}: the least common
 * multiple over a whole batch has no bound (5, 7 and 8 chunks would make 280).
 */
export function contextGroups(lengths: readonly number[]): ContextGroup[] {
  const shared: { tokens: number; readonly lengths: Set<number> }[] = [];
  for (const length of [...new Set(lengths)].sort((a, b) => b - a)) {
    const fits = ({ tokens }: { readonly tokens: number }) =>
      leastCommonMultiple(tokens, length) <= Math.max(MAX_SHARED_TOKENS, tokens);
    const group = shared.find(fits);
    if (!group) {
      shared.push({ tokens: length, lengths: new Set([length]) });
      continue;
    }
    group.tokens = leastCommonMultiple(group.tokens, length);
    group.lengths.add(length);
  }
  return shared.map((group) => ({
    tokens: group.tokens,
    rows: lengths.flatMap((length, row) => (group.lengths.has(length) ? [row] : [])),
  }));
}

/** Rows up to a recording's number, the last one repeated: rows do not influence each other. */
export function paddedRows(rows: readonly number[], count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => rows[Math.min(i, rows.length - 1)] as number);
}

/**
 * Contexts [1,T,C] as one tensor [rows,tokens,C], each repeated to `tokens`. Repeating all tokens equally does not
 * change softmax attention (spec/sdxl.md A.8).
 */
export function repeatedContexts(contexts: readonly FloatTensor[], tokens: number): FloatTensor {
  const width = contexts[0]?.dims[2] ?? 0;
  const result = floatTensor([contexts.length, tokens, width]);
  contexts.forEach(({ data }, i) => {
    for (let at = 0; at < tokens * width; at += data.length) result.data.set(data, i * tokens * width + at);
  });
  return result;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
