import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { number } = wordsOf('de');

export const app: Catalogue['app'] = {
  name: 'Luna Studio',
  untitled: 'Kein Bild',
  starting: 'Die Netze starten …',
  startFailed: 'Die Netze konnten nicht starten.',
  pictureSize: (width, height) => `${width} × ${height}`,
  close: 'Schließen',
  undo: 'Rückgängig',
  left: (name) => `${name} wurde verlassen, mit seinen Erkennungen und Ebenen.`,
  goBack: 'Zurück dorthin',
  goBackTo: (name) => `Zurück zu ${name}`,
  opening: (name) => `${name} wird geöffnet …`,
  tryAgain: 'Erneut versuchen',
  notifications: 'Meldungen',
  closeNotification: 'Meldung schließen',
};

export const header: Catalogue['header'] = {
  label: 'Studio',
  compare: 'Vergleichen',
  compareUnavailable: 'Vergleichen geht ab dem ersten verfeinerten Bereich',
  palette: 'Befehl finden',
  settings: 'Einstellungen des Studios',
  exportPng: 'PNG exportieren',
  exportPlain: 'PNG exportieren, bisher nur hochskaliert',
  open: 'Anderes Bild öffnen',
  showLeft: 'Konzepte einblenden',
  hideLeft: 'Konzepte ausblenden',
  showRight: 'Einstellungen einblenden',
  hideRight: 'Einstellungen ausblenden',
  tabs: 'Bereiche',
  tabPicture: 'Bild',
  tabConcepts: 'Konzepte',
  tabSettings: 'Einstellungen',
};

export const welcome: Catalogue['welcome'] = {
  title: 'Ein Bild in 4K verfeinern',
  lead: 'Ein Bild irgendwo hierher ziehen. Benennen, worauf es ankommt, die Funde prüfen und in echtem 4K neu malen lassen. Nichts verlässt diesen Rechner.',
  open: 'Bild öffnen',
  paste: 'oder einfügen mit',
  drops: {
    picture: 'Loslassen öffnet das Bild',
    pictureOrMask: 'Loslassen öffnet das Bild; eine Maske wird für die ausgewählte Erkennung angeboten',
    json: 'Loslassen übernimmt die Masken oder Einstellungen der Datei',
    models: 'Loslassen verwendet Modelldateien oder verknüpft einen Ordner damit',
  },
  onePicture: (taken, left, more) =>
    `Immer ein Bild auf einmal: „${taken}“ wurde genommen. Nicht genommen: ${more > 0 ? `${left} und ${number(more)} weitere` : left}.`,
  samples: 'Oder ein Beispiel ausprobieren',
  formats: 'PNG, JPEG oder WebP',
  demo: 'Es läuft das kleine Demo-Paket, das zum Ausprobieren des Studios gemacht ist.',
  linkModels: 'Eigene Modelle verwenden',
  waiting: (folder) => `Die Modelle in ${folder} warten, bis Chrome sie wieder lesen darf.`,
};
