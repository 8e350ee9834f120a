/** One hue (HSL degrees) and one hatch pattern per concept, decided by the number in the concept's id. */

/** Well apart from each other and from the accent's gold (35-60°), ordered so that neighbours in the list differ most. */
const HUES = [190, 330, 135, 15, 265, 85, 215, 300, 162, 352] as const;

/** Hatch patterns drawn by the worker and by the swatches: 0 `/`, 1 `\`, 2 `|`, 3 `-`. */
export const PATTERN_COUNT = 4;

/** "concept-3" → 2. Ids from elsewhere get a stable slot from their characters. */
export function slotOf(conceptId: string): number {
  const number = /^concept-([1-9]\d{0,3})$/.exec(conceptId)?.[1];
  if (number !== undefined) return Number(number) - 1;
  return [...conceptId].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 997, 7);
}

/** Degrees on the HSL wheel. */
export function hueOf(conceptId: string): number {
  return HUES[slotOf(conceptId) % HUES.length] ?? 0;
}

/** Index below {@link PATTERN_COUNT}: hue and pattern together repeat only after 20 concepts. */
export function patternOf(conceptId: string): number {
  return slotOf(conceptId) % PATTERN_COUNT;
}

/** The lowest "concept-n" that is free, so that a removed concept's colour is used again before a new one. */
export function nextConceptId(taken: readonly string[]): string {
  for (let number = 1; ; number++) if (!taken.includes(`concept-${number}`)) return `concept-${number}`;
}
