import { text } from '../parameter-text.ts';

export const inspector = {
  label: 'Settings of the selection',
  document: 'Document',
  backToDocument: 'Document settings',
  language: text(
    'Language (Sprache)',
    'Of the studio, not of prompts: SAM 3 and the image models read English.',
  ),
  explain: 'Explain the settings',
  reset: 'Reset all settings',
  resetDone: 'Settings are back to their defaults.',
};
