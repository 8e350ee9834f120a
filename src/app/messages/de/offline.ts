import type { Catalogue } from '../en/index.ts';

export const offline: Catalogue['offline'] = {
  ready: 'Für die Offline-Nutzung gespeichert: Studio und Demo-Paket starten jetzt auch ohne Netzwerk.',
  failed:
    'Das Studio konnte nicht für die Offline-Nutzung gespeichert werden. Es läuft, solange sein Server erreichbar ist.',
  update: 'Eine neue Version ist bereit. Neu laden schließt das Bild; die Einstellungen bleiben.',
  reload: 'Neu laden',
  otherTabs:
    'Zuerst die anderen Tabs mit Luna Studio schließen, damit ihnen ihre Version nicht verloren geht, dann erneut neu laden.',
};
