import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { number } = wordsOf('de');

export const tools: Catalogue['tools'] = {
  label: 'Werkzeuge',
  select: 'Auswählen und verschieben',
  brush: 'Pinsel: zur Maske hinzufügen',
  eraser: 'Radierer: von der Maske entfernen',
  lasso: 'Lasso',
  polygon: 'Polygon',
  rectangle: 'Rechteck',
  click: 'Objekt anklicken',
  hand: 'Bild verschieben',
  picker: 'Erkennung auswählen',
  mask: 'Maske',
  optionsLabel: 'Werkzeugoptionen',
  size: 'Pinselgröße',
  sizeShort: 'Größe',
  hardness: 'Härte',
  opacity: 'Deckkraft',
  combineLabel: 'Die Form',
  combine: { add: 'Fügt hinzu', subtract: 'Nimmt weg', intersect: 'Schneidet' },
  closeShape: 'Form schließen',
  removePoint: 'Letzte Ecke zurücknehmen',
  cancelShape: 'Form verwerfen',
  hints: {
    lasso: 'Einen Bereich umfahren.',
    polygon: 'Ecken anklicken, Eingabe schließt.',
    rectangle: 'Ziehen oder zwei Ecken anklicken.',
    picker: 'Anklicken, was ausgewählt werden soll.',
    newRegion: 'Daraus wird ein eigener Bereich.',
  },
  regionName: 'Was ist das?',
  regionPlaceholder: 'z. B. rostige Tür',
  pick: {
    modeLabel: 'Ein Klick',
    modes: { new: 'Neues Objekt', add: 'Hinzufügen', subtract: 'Wegnehmen' },
    hints: {
      new: () => 'Ein Objekt anklicken oder einen Kasten darum ziehen.',
      add: (n) =>
        `Anklicken, was Erkennung ${number(n)} fehlt; Alt nimmt weg. Eingabe geht zu einem neuen Objekt über.`,
      subtract: (n) =>
        `Anklicken, was in Erkennung ${number(n)} zu viel ist. Eingabe geht zu einem neuen Objekt über.`,
    },
    looking: 'Sucht …',
    readings: (index, count) => `Lesart ${number(index)} von ${number(count)}`,
    previous: 'Vorige Lesart',
    next: 'Nächste Lesart',
    nothing:
      'Dort wurde nichts gefunden. Näher zur Mitte des Objekts klicken oder einen Kasten darum ziehen.',
    needsObject: 'Zuerst eine Erkennung auswählen: Klicks fügen ihr etwas hinzu oder nehmen etwas weg.',
    unavailable:
      'Die geladene SAM-3-Datei kann keine Klicks auswerten. Unter Modelle eine wählen, die es kann, oder den Bereich mit Pinsel oder Lasso malen.',
    openModels: 'Modelle öffnen',
  },
  ops: {
    label: 'Maskenbefehle',
    invert: 'Umkehren',
    grow: 'Erweitern',
    shrink: 'Verkleinern',
    step: 'Schritt',
    with: 'Mit einer anderen Erkennung',
    other: 'Andere Erkennung',
    otherOption: (n, phrase) => (phrase ? `${number(n)} · ${phrase}` : number(n)),
    union: 'Hinzufügen',
    subtract: 'Abziehen',
    intersect: 'Schneiden',
    xor: 'Überlappung ausschließen',
    copy: 'Als Bild kopieren',
    load: 'Maske laden …',
    save: 'Als PNG speichern',
    saveAll: 'Alle angehakten als ein PNG',
    saveCoco: 'Alle angehakten als COCO-JSON',
    cutOut: 'Freistellen, durchsichtig',
    cutOutOn: 'Freistellen auf dieser Farbe',
    colour: 'Farbe hinter dem Freigestellten',
    close: 'Maskenbefehle schließen',
  },
  files: {
    looksLikeMask: (name, n) =>
      `„${name}“ sieht wie eine Maske aus. Für Erkennung ${number(n)} verwenden oder als Bild öffnen?`,
    asMask: 'Als Maske',
    asPicture: 'Als Bild',
    needsPicture: 'Zuerst ein Bild öffnen: Eine Maske gehört zu einem.',
    otherAspect: (name, mask, picture) =>
      `Die Maske in „${name}“ ist ${mask} px groß, das Bild ${picture} px: Sie ist anders geformt und gehört zu einem anderen Bild. Zuerst ebenso zuschneiden.`,
    otherSize: (name, mask, picture) =>
      `Die Maske in „${name}“ ist ${mask} px groß, das Bild ${picture} px. Ihre Form passt: Soll sie skaliert werden?`,
    scale: 'Skalieren',
    copied: (n) => `Die Maske von Erkennung ${number(n)} ist in der Zwischenablage.`,
    notCopied:
      'Der Browser lässt die Maske nicht in die Zwischenablage. Das erlauben oder die Maske als Datei speichern.',
    nothingTicked: 'Keine Erkennung ist angehakt, darum gibt es noch nichts zu sichern.',
    nothingFound: 'Noch gibt es keine Erkennung zu sichern.',
    saveEach: (count) => (count === 1 ? 'Die eine sichern' : `Alle ${number(count)} sichern`),
    saved: (name) => `${name} gespeichert.`,
  },
  tooFaint: (percent) =>
    `Mit ${number(percent)} % Deckkraft ändert dieser Strich allein nichts: Eine Maske beginnt bei 50 %. Noch einmal darübermalen oder die Deckkraft erhöhen.`,
  nothingToUndo: 'Es gibt nichts rückgängig zu machen.',
  nothingToRedo: 'Es gibt nichts zu wiederholen.',
  needsDetection: 'Zuerst eine Erkennung auswählen: über ihre Nummer im Bild oder ihre Zeile in der Liste.',
  zoomIn: 'Vergrößern',
  zoomOut: 'Verkleinern',
  fit: 'In das Fenster einpassen',
  actual: 'Ein Bildpixel je Bildschirmpixel',
  zoom: (percent) => `${number(percent)} %`,
  overlays: 'Masken und Nummern zeigen',
  canvas:
    'Bild. Pfeiltasten verschieben es, Plus und Minus zoomen. Mit einem Werkzeug bewegen sie ein Fadenkreuz, und die Eingabetaste wendet es dort an.',
  compareHandle: 'Lage der Trennlinie zwischen vorher und nachher',
};
