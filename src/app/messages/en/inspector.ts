export const inspector = {
  label: 'Settings of the selection',
  document: 'Document',
  backToDocument: 'Document settings',
  explain: 'Explain the settings',
  reset: 'Reset all settings',
  resetDone: 'Settings are back to their defaults.',
};
