import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { number } = wordsOf('de');

export const canvas: Catalogue['canvas'] = {
  modes: {
    refined: 'Verfeinert',
    original: 'Original',
    slider: 'Schieber',
    side: 'Nebeneinander',
    blink: 'Blinken',
    difference: 'Unterschied',
  },
  masksHidden: 'Masken ausgeblendet',
  showMasks: 'Zeigen',
  summary: {
    selected: (name) => `ausgewählt: ${name}`,
    zoom: (zoom) => `Zoom ${zoom}`,
  },
  options: 'Vergleich',
  swap: 'Seiten tauschen',
  blinkNow: 'Das andere zeigen',
  gain: 'Verstärken',
  gainValue: (gain) => `×${number(gain)}`,
  legend: 'Unterschied je Pixel: Schwarz ist keiner',
  legendLow: '0',
  legendHigh: (levels) => `${number(Math.round(levels))} von 255`,
  loupe: 'Lupe: viermal größer',
  loupeBoth: 'Lupe: Original und verfeinert, viermal größer',
  loupeKeys: 'Lupe. Pfeiltasten bewegen sie über das Bild.',
  minimap: 'Übersicht',
  minimapSwitch: 'Übersicht, solange nur ein Teil zu sehen ist',
  visiblePart: 'Sichtbarer Teil des Bildes. Pfeiltasten verschieben ihn.',
};
