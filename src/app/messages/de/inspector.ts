import type { Catalogue } from '../en/index.ts';
import { text } from '../parameter-text.ts';

export const inspector: Catalogue['inspector'] = {
  label: 'Einstellungen der Auswahl',
  document: 'Dokument',
  backToDocument: 'Dokument-Einstellungen',
  language: text(
    'Sprache (Language)',
    'Die des Studios, nicht der Prompts: SAM 3 und die Bildmodelle lesen Englisch.',
  ),
  explain: 'Einstellungen erklären',
  reset: 'Alle Einstellungen zurücksetzen',
  resetDone: 'Alle Einstellungen stehen wieder auf ihren Vorgaben.',
};
