/** Every text of the studio, in the language it speaks at the moment (`messages/README.md`). */
export {
  chooseLocale,
  chosenLocale,
  currentLocale,
  followLanguages,
  formatBytes,
  formatDuration,
  formatDecimals,
  formatNumber,
  formatPercent,
  messages,
  said,
  type Saying,
} from './messages/messages.svelte.ts';
export { LOCALES, isLocale, type Locale } from './messages/locale.ts';
export { parseNumber, steppedNumber, type NumberRange } from './messages/number-text.ts';
export type { ParameterText } from './messages/parameter-text.ts';
