import { BOS, decodeBpe, encodeBpe, EOS } from '../prompt/bpe.ts';

/** A phrase as SAM 3 reads it. */
export interface PhraseTokens {
  /** start, tokens, end; never padded. */
  readonly ids: readonly number[];
  /** What is left of a phrase that was longer than the context, in words; null for one that fits. */
  readonly readAs: string | null;
}

/** Tokens of a phrase for a context of `context` positions (spec/sam3.md 3.2). */
export function phraseTokens(phrase: string, context: number): PhraseTokens {
  const tokens = encodeBpe(phrase, 'sam3');
  const kept = tokens.slice(0, context - 2);
  return { ids: [BOS, ...kept, EOS], readAs: kept.length < tokens.length ? decodeBpe(kept) : null };
}

/** Causal mask [n,n]: 0 on and below the diagonal, `masked` above it. */
export function causalMask(n: number, masked: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? masked : 0));
}
