import { sentence, type Sentence } from '../job/sentence.ts';

const MOST_NAMED = 8;

/** Below a hundredth nothing visible happens: such a strength is off. */
export function usableDenoise(denoise: number): number {
  return denoise < 0.01 ? 0 : denoise;
}

/** Settings of `source` that mean nothing here. */
export function lostNotice(source: string, names: readonly string[]): Sentence {
  return sentence`“${source}”: ${names.join(', ')} have no counterpart and were left out.`;
}

/** Parts of a prompt that could not be kept; none where everything was. */
export function removedNotice(source: string, removed: readonly string[]): Sentence[] {
  if (removed.length === 0) return [];
  const named = [...new Set(removed)].map((text) => text.slice(0, 60));
  const list = [...named.slice(0, MOST_NAMED), ...(named.length > MOST_NAMED ? ['…'] : [])].join(' ');
  return [
    sentence`“${source}”: ${list} in its prompt means nothing here and was taken out or decided for its first option.`,
  ];
}
