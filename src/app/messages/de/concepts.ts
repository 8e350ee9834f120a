import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { percent } = wordsOf('de');

export const concepts: Catalogue['concepts'] = {
  label: 'Konzepte und Erkennungen',
  title: 'Konzepte',
  add: 'Konzept hinzufügen',
  placeholder: 'Wonach gesucht wird',
  placeholderFirst: 'face, hands, silver ring …',
  phraseLabel: (index) => `Konzept ${index}: wonach gesucht wird`,
  teach:
    'Eine Sache je Zeile nennen, am besten auf Englisch, dann „Erkennen“. Angehakt wird, was verfeinert werden soll.',
  teachNoPicture: 'Zuerst ein Bild öffnen. Dann benennen, worauf es darin ankommt.',
  suggestions: 'In diesem Beispiel',
  nothing: (presence) =>
    `Nichts gefunden. Das Modell ist sich nur zu ${percent(presence)} sicher, dass es überhaupt im Bild ist; ein anderes Wort oder eine niedrigere Schwelle kann helfen.`,
  layer: (layer) => `E${layer}`,
  layerTitle: (layer) => `Ebene ${layer}`,
  edit: (phrase) => `Einstellungen von ${phrase || 'diesem Konzept'}`,
  remove: 'Konzept entfernen',
  removed: (phrase) => `${phrase || 'Das Konzept'} wurde entfernt.`,
  paintByHand: 'Maske von Hand malen',
  count: (ticked, total) => `${ticked} von ${total} angehakt`,
  tickAll: (phrase) => `Alle verfeinern: ${phrase || 'dieses Konzept'}`,
  unnamed: 'Unbenanntes Konzept',
};

export const detection: Catalogue['detection'] = {
  name: (number, phrase) => `${phrase || 'Erkennung'} ${number}`,
  tick: (number) => `Erkennung ${number} verfeinern`,
  score: 'Treffergüte',
  scoreHint: 'sigmoid(logit) · sigmoid(presence): wie gut die Maske zum Suchbegriff passt.',
  presence: 'Vorhandensein',
  presenceHint: 'Wie sicher das Modell ist, dass das Konzept überhaupt im Bild ist.',
  edited: 'Von Hand bearbeitet',
  editedHint: 'Ein neuer Erkennungslauf lässt diese Maske, wie sie ist.',
  position: 'Bereich',
  refineThis: 'Diese Erkennung verfeinern',
  refineHint: 'Nur angehakte Erkennungen werden neu gemalt.',
  mask: 'Maske',
  brush: 'Pinsel',
  eraser: 'Radierer',
  maskTeach: 'Malen auf dem Bild fügt hinzu; mit gehaltener Alt-Taste oder rechter Maustaste wird radiert.',
  zoomTo: 'Hinzoomen',
  only: 'Nur diese anhaken',
  remove: 'Erkennung entfernen',
  removed: (number) => `Erkennung ${number} wurde entfernt.`,
  conceptSettings: 'Konzept-Einstellungen',
};
