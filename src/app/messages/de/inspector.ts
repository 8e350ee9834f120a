import type { Catalogue } from '../en/index.ts';

export const inspector: Catalogue['inspector'] = {
  label: 'Einstellungen der Auswahl',
  document: 'Dokument',
  backToDocument: 'Dokument-Einstellungen',
  explain: 'Einstellungen erklären',
  reset: 'Alle Einstellungen zurücksetzen',
  resetDone: 'Alle Einstellungen stehen wieder auf ihren Vorgaben.',
};
