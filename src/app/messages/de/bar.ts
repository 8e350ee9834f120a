import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { percent: percentOf, plural } = wordsOf('de');

export const bar: Catalogue['bar'] = {
  label: 'Lauf',
  detect: 'Erkennen',
  refineCount: (count) => `${plural(count, { one: 'Erkennung', other: 'Erkennungen' })} verfeinern`,
  refineWhole: 'Bild verfeinern',
  stop: 'Stopp',
  stopping: 'Wird gestoppt …',
  endNow: 'Jetzt beenden',
  endNowHint:
    'Der laufende Schritt dauert lange. Sofort zu beenden verwirft nur, was gerade gemalt wird; fertige Bereiche kommen vom Datenträger zurück.',
  noPicture: 'Zum Anfangen ein Bild öffnen',
  nothingToDo:
    'Nichts zu verfeinern: eine Erkennung anhaken oder den Durchgang über das ganze Bild einschalten.',
  needsConcept: 'Zum Erkennen ein Konzept benennen.',
  estimating: 'Der Aufwand wird berechnet …',
  crops: (count) => plural(count, { one: 'Ausschnitt', other: 'Ausschnitte' }),
  tiles: (count) => plural(count, { one: 'Kachel', other: 'Kacheln' }),
  calls: (count) => plural(count, { one: 'Modellaufruf', other: 'Modellaufrufe' }),
  noEstimate: 'Dauer erst nach dem ersten Lauf bekannt',
  seePlan: 'Plan ansehen',
  memory: (peak) => `${peak} Speicher`,
  about: (time) => `etwa ${time}`,
  left: (time) => `noch ${time}`,
  measuring: 'wird gemessen …',
  percent: (fraction) => percentOf(fraction),
  announce: (phase, percent) => `${phase}, ${percent} Prozent fertig`,
  announceDone: 'Fertig',
  done: (time) => `In ${time} verfeinert`,
  stopped: (areas) => (areas > 0 ? 'Gestoppt. Fertige Bereiche bleiben erhalten.' : 'Gestoppt.'),
  replaced: (name) => `Der Lauf wurde gestoppt, um ${name} zu öffnen.`,
  ended: 'Der Lauf wurde beendet. Die Netze wurden neu gestartet; Bild, Konzepte und Masken sind noch da.',
  detected: (found, conceptCount) =>
    `${plural(found, { one: 'Erkennung', other: 'Erkennungen' })} für ${plural(conceptCount, { one: 'Konzept', other: 'Konzepte' })} gefunden.`,
  exported: (name, size) => `${name} gespeichert (${size}).`,
  phases: {
    load: 'Netze werden geladen',
    'encode-image': 'Das Bild wird angesehen',
    detect: 'Erkennung läuft',
    upscale: 'Hochskalieren',
    conditioning: 'Prompts werden gelesen',
    detail: 'Erkennungen werden verfeinert',
    global: 'Das ganze Bild wird verfeinert',
    export: 'Das PNG wird geschrieben',
  },
};

export const time: Catalogue['time'] = {
  seconds: (count) => `${count} s`,
  minutes: (minutes, seconds) => (seconds ? `${minutes} min ${seconds} s` : `${minutes} min`),
  hours: (hours, minutes) => (minutes ? `${hours} h ${minutes} min` : `${hours} h`),
};
