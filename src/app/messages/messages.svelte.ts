import { say, type Words } from '#domain/job/sentence.ts';
import { de } from './de/index.ts';
import { sentences } from './de/sentences/index.ts';
import { en, type Catalogue } from './en/index.ts';
import { liveView } from './live-view.ts';
import { preferredLocale, type Locale } from './locale.ts';
import { wordsOf } from './words.ts';

const CATALOGUES: Readonly<Record<Locale, Catalogue>> = { en, de };
const WORDS = { en: wordsOf('en'), de: wordsOf('de') };

let chosen = $state.raw<Locale | null>(null);
let preferred = $state.raw<Locale>('en');

/** The language the studio speaks; a template or effect that reads it, or any text, follows it. */
export const currentLocale = (): Locale => chosen ?? preferred;

/** The language the user chose in the studio; null while it follows the browser. */
export const chosenLocale = (): Locale | null => chosen;

/** Speaks this language from now on; null follows the browser again. */
export function chooseLocale(locale: Locale | null): void {
  chosen = locale;
}

/** Takes the reader's languages (`navigator.languages`), which count until one is chosen. */
export function followLanguages(languages: readonly string[]): void {
  preferred = preferredLocale(languages);
}

/** Every text of the studio in the present language. Read it when it is shown: see {@link liveView}. */
export const messages: Catalogue = liveView(en, () => CATALOGUES[currentLocale()]);

/** A text that is kept and shown later: said anew when the language changes, if it is not a plain string. */
export type Saying = Words | (() => string);

/** What the worker says, in the present language; English where that does not have it. */
export function said(words: Saying): string {
  if (typeof words === 'function') return words();
  const locale = currentLocale();
  return say(words, (id) => (locale === 'de' ? (sentences[id] ?? id) : id), WORDS[locale].measure);
}

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
export const formatBytes = (byteCount: number): string => WORDS[currentLocale()].bytes(byteCount);

/** "0.35", "1024" in the present language: as it is typed and read back, without groups. */
export const formatNumber = (value: number): string => WORDS[currentLocale()].measure(value);

/** "0.50" in the present language: exactly so many decimals. */
export const formatDecimals = (value: number, count: number): string =>
  WORDS[currentLocale()].decimals(value, count);

/** "45%" in the present language. */
export const formatPercent = (fraction: number): string => WORDS[currentLocale()].percent(fraction);
