import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { plural } = wordsOf('de');

export const recipe: Catalogue['recipe'] = {
  label: 'Einstellungen, die mit einer Datei kamen',
  found: (name) => `„${name}“ enthält die Einstellungen, mit denen es entstanden ist.`,
  foundOf: (name, source) => `„${name}“ enthält Einstellungen von ${source}.`,
  pasted: 'Der eingefügte Text enthält Einstellungen dieses Studios.',
  pastedOf: (source) => `Der eingefügte Text enthält Einstellungen von ${source}.`,
  waiting: 'Noch hat sich nichts geändert. Was soll übernommen werden?',
  changes: 'Was die Einstellungen ändern würden',
  nothing: 'Die Einstellungen sind dieselben wie hier: nichts würde sich ändern.',
  becomes: 'wird',
  empty: 'leer',
  changed: 'geändert',
  on: 'an',
  off: 'aus',
  conceptAdded: 'Neues Konzept',
  conceptRemoved: 'Konzept entfernt',
  within: (whole, part) => `${whole}: ${part}`,
  rules: 'Regeln für seine Erkennungen',
  notes: 'Nicht übernommen',
  withMasks: (count) =>
    plural(count, {
      one: 'Maske gehört zum Bild der Datei und kommt nur mit ihm.',
      other: 'Masken gehören zum Bild der Datei und kommen nur mit ihm.',
    }),
  madeWith: (name) => `Das Bildmodell: Es war „${name}“. Unter Modelle lässt es sich wählen.`,
  loras: (names) =>
    `LoRAs, die hier zum Bildmodell gehören: ${names.join(', ')}. Unter Modelle lassen sie sich wählen.`,
  detailers: 'Konzepte seiner Detailer hinzufügen',
  pictureOnly: 'Nur das Bild',
  settingsOnly: 'Nur die Einstellungen',
  withSettings: 'Bild und Einstellungen',
  take: 'Einstellungen übernehmen',
  dismiss: 'Einstellungen nicht übernehmen',
  applied: 'Einstellungen übernommen.',
  inFile: 'Einstellungen in der Datei gefunden',
  compare: 'Vergleichen und übernehmen …',
  unknownFile: (name) =>
    `„${name}“ enthält nichts, was dieses Studio liest. Es nimmt Masken (COCO-JSON), Konzeptvorlagen, ADetailer-Einstellungen, ComfyUI-Workflows, A1111-Parameter und eigene Rezepte.`,
  unknownText:
    'Der eingefügte Text sieht nach Einstellungen aus, ist aber nicht vollständig. Die Parameter ganz kopieren, vom Prompt bis zur Zeile mit den Schritten, oder das ganze JSON.',
};
