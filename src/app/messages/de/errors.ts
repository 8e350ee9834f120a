import type { Catalogue } from '../en/index.ts';

export const errors: Catalogue['errors'] = {
  workerLost:
    'Die Netze sind unerwartet ausgefallen und wurden neu gestartet. Bild, Konzepte und Masken sind noch da.',
  gpuLost:
    'Die Grafikkarte hat nicht mehr geantwortet, darum wurden die Netze neu gestartet. Bild, Konzepte und Masken sind noch da.',
  layersReturn: 'Fertige Ebenen werden vom Datenträger wieder eingelesen.',
  notStarted: (reason) =>
    `Die Netze konnten nicht starten (${reason}). Erneut versuchen; scheitert es wieder, die Seite in einem aktuellen Chrome neu laden.`,
  unexpected: (reason) => `Im Studio ist etwas schiefgegangen: ${reason}`,
  notRead: (name, reason) =>
    `${name} konnte nicht gelesen werden (${reason}). Nachsehen, ob die Datei noch da ist, und sie dann erneut öffnen.`,
  noPictureInClipboard: 'In der Zwischenablage ist kein Bild.',
  sampleMissing: 'Das Beispielbild konnte nicht geladen werden.',
};
