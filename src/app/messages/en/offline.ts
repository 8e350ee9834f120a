export const offline = {
  ready: 'Saved for offline use: the studio and its demo pack now start without a network.',
  failed: 'The studio could not be saved for offline use. It works while its server can be reached.',
  update: 'A new version is ready. Reloading closes the picture; settings are kept.',
  reload: 'Reload',
  otherTabs:
    'Close the other Luna Studio tabs first, so that they do not lose their version, then reload again.',
};
