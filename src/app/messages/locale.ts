/** The languages the catalogue is complete in. */
export type Locale = 'en' | 'de';

/** Each with its own name, which is how somebody who cannot read the present one finds it. */
export const LOCALES: Readonly<Record<Locale, string>> = { en: 'English', de: 'Deutsch' };

export const isLocale = (name: string): name is Locale => Object.hasOwn(LOCALES, name);

/** The first of the reader's languages (BCP 47 tags, most wanted first) that the catalogue has; English otherwise. */
export function preferredLocale(languages: readonly string[]): Locale {
  const names = languages.map((tag) => tag.toLowerCase().split('-')[0] ?? '');
  return names.find(isLocale) ?? 'en';
}
