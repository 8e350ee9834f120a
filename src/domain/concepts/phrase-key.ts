/** What tells phrases apart: two that differ only in capitals or in space around them look for the same. */
export const phraseKey = (phrase: string): string => phrase.trim().toLowerCase();
