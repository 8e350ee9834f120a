import { wordsOf } from '../words.ts';

const { number } = wordsOf('en');

/** Looking at the picture: comparing, loupe, map. */
export const canvas = {
  modes: {
    refined: 'Refined',
    original: 'Original',
    slider: 'Slider',
    side: 'Side by side',
    blink: 'Blink',
    difference: 'Difference',
  },
  masksHidden: 'Masks hidden',
  showMasks: 'Show',
  summary: {
    selected: (name: string) => `selected: ${name}`,
    zoom: (zoom: string) => `zoom ${zoom}`,
  },
  options: 'Comparing',
  swap: 'Swap sides',
  blinkNow: 'Show the other',
  gain: 'Amplify',
  gainValue: (gain: number) => `×${number(gain)}`,
  legend: 'Difference per pixel: black is none',
  legendLow: '0',
  legendHigh: (levels: number) => `${number(Math.round(levels))} of 255`,
  loupe: 'Loupe: four times larger',
  loupeBoth: 'Loupe: original and refined, four times larger',
  loupeKeys: 'Loupe. Arrow keys move it over the picture.',
  minimap: 'Overview',
  minimapSwitch: 'Overview, while only a part is visible',
  visiblePart: 'Visible part of the picture. Arrow keys move it.',
};
