/** Every text of the studio, in the language it speaks at the moment (`messages/README.md`). */
export {
  chooseLocale,
  chosenLocale,
  currentLocale,
  followLanguages,
  formatBytes,
  formatDuration,
  formatDecimals,
  formatPercent,
  messages,
  said,
} from './messages/messages.svelte.ts';
export { LOCALES, isLocale, type Locale } from './messages/locale.ts';
export type { ParameterText } from './messages/parameter-text.ts';
