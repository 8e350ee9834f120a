import { BOS, encodeBpe, EOS } from '../prompt/bpe.ts';

/** A phrase as SAM 3 reads it. */
export interface PhraseTokens {
  /** start, tokens, end; never padded. */
  readonly ids: readonly number[];
  /** Whether the phrase was longer than the context and lost its end. */
  readonly truncated: boolean;
}

/** Tokens of a phrase for a context of `context` positions (spec/sam3.md 3.2). */
export function phraseTokens(phrase: string, context: number): PhraseTokens {
  const tokens = encodeBpe(phrase, 'sam3');
  return {
    ids: [BOS, ...tokens.slice(0, context - 2), EOS],
    truncated: tokens.length > context - 2,
  };
}

/** Causal mask [n,n]: 0 on and below the diagonal, `masked` above it. */
export function causalMask(n: number, masked: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? masked : 0));
}
