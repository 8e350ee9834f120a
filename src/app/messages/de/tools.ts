import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { number } = wordsOf('de');

export const tools: Catalogue['tools'] = {
  label: 'Werkzeuge',
  select: 'Auswählen und verschieben',
  brush: 'Pinsel: zur Maske hinzufügen',
  eraser: 'Radierer: von der Maske entfernen',
  size: 'Pinselgröße',
  sizeValue: (radius) => `${Math.round(radius * 2)} px`,
  nothingToUndo: 'Es gibt nichts rückgängig zu machen.',
  nothingToRedo: 'Es gibt nichts zu wiederholen.',
  needsDetection: 'Zuerst eine Erkennung auswählen: über ihre Nummer im Bild oder ihre Zeile in der Liste.',
  zoomIn: 'Vergrößern',
  zoomOut: 'Verkleinern',
  fit: 'In das Fenster einpassen',
  actual: 'Ein Bildpixel je Bildschirmpixel',
  zoom: (percent) => `${number(percent)} %`,
  overlays: 'Masken und Nummern zeigen',
  canvas: 'Bild. Pfeiltasten verschieben es, Plus und Minus zoomen.',
  compareHandle: 'Lage der Trennlinie zwischen vorher und nachher',
  before: 'Vorher',
  after: 'Nachher',
};
