import { de } from './de/index.ts';
import { en, type Catalogue } from './en/index.ts';
import { liveView } from './live-view.ts';
import type { Locale } from './locale.ts';
import { wordsOf } from './words.ts';

const CATALOGUES: Readonly<Record<Locale, Catalogue>> = { en, de };
const WORDS = { en: wordsOf('en'), de: wordsOf('de') };

let present = $state.raw<Locale>('en');

/** The language the studio speaks; a template or effect that reads it, or any text, follows it. */
export const currentLocale = (): Locale => present;

/** Speaks another language from now on. `<html lang>` and the settings follow in `sync.svelte.ts`. */
export function setLocale(locale: Locale): void {
  present = locale;
}

/** Every text of the studio in the present language. Read it when it is shown: see {@link liveView}. */
export const messages: Catalogue = liveView(en, () => CATALOGUES[present]);

/** "45 s", "2 min 10 s", "1 h 5 min": rounded so that it does not flicker. */
export function formatDuration(durationMs: number): string {
  const { time } = messages;
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  if (seconds < 60) return time.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return time.minutes(minutes, minutes < 10 ? Math.floor((seconds % 60) / 10) * 10 : 0);
  return time.hours(Math.floor(minutes / 60), minutes % 60);
}

/** "12 MB", "6.9 GB" in the present language. */
export const formatBytes = (byteCount: number): string => WORDS[present].bytes(byteCount);

/** "1,234.5" in the present language; at most one decimal unless told. */
export const formatNumber = (value: number, decimals?: number): string =>
  WORDS[present].number(value, decimals);

/** "45%" in the present language. */
export const formatPercent = (fraction: number): string => WORDS[present].percent(fraction);
