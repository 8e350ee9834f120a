import { text } from '../parameter-text.ts';

/** How the studio looks and listens. */
export const settings = {
  title: 'Settings',
  note: 'Remembered on this computer. What a run does is set beside the picture.',
  theme: text('Theme', 'Greys without a tint in both, so that the picture’s colours can be judged.'),
  themes: { system: 'Like the system', dark: 'Dark', light: 'Light' },
  motion: text('Motion', 'Less motion: nothing glides, and comparing does not blink by itself.'),
  motions: { system: 'Like the system', reduced: 'Less motion' },
  navigation: text('Wheel and panning', 'Whose habits zooming and moving the picture follow.'),
  navigations: { studio: 'The studio’s own', photoshop: 'As in Photoshop' },
  navigationHints: {
    studio: 'Wheel zooms at the pointer, Ctrl and wheel size the brush, Space and drag move the picture.',
    photoshop:
      'Wheel scrolls, Ctrl and wheel scroll sideways, Alt and wheel zoom at the pointer, Ctrl+Space holds the zoom tool.',
  },
  singleKeys: text(
    'Single keys',
    'Letters, digits and signs without Ctrl or Alt do something while no text field has the focus. Off, they cannot be pressed by mistake, as by speech input.',
  ),
  explain: text('Explanations', 'Shows the hint of every setting below it.'),
  keys: 'Keyboard shortcuts',
};
