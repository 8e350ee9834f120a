/** Every text of the studio, in the language it speaks at the moment (`messages/README.md`). */
export {
  currentLocale,
  formatBytes,
  formatDuration,
  formatNumber,
  formatPercent,
  messages,
  setLocale,
} from './messages/messages.svelte.ts';
export { LOCALES, type Locale } from './messages/locale.ts';
export type { ParameterText } from './messages/parameter-text.ts';
