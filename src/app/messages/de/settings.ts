import type { Catalogue } from '../en/index.ts';
import { text } from '../parameter-text.ts';

export const settings: Catalogue['settings'] = {
  title: 'Einstellungen',
  note: 'Auf diesem Rechner gemerkt. Was ein Lauf tut, wird neben dem Bild eingestellt.',
  theme: text(
    'Farbschema',
    'In beiden Grau ohne Farbstich, damit die Farben des Bildes beurteilt werden können.',
  ),
  themes: { system: 'Wie das System', dark: 'Dunkel', light: 'Hell' },
  motion: text('Bewegung', 'Weniger Bewegung: nichts gleitet, und der Vergleich blinkt nicht von selbst.'),
  motions: { system: 'Wie das System', reduced: 'Weniger Bewegung' },
  navigation: text('Mausrad und Verschieben', 'Wessen Gewohnheiten Zoomen und Verschieben folgen.'),
  navigations: { studio: 'Die des Studios', photoshop: 'Wie in Photoshop' },
  navigationHints: {
    studio:
      'Mausrad zoomt am Zeiger, Strg und Mausrad ändern den Pinsel, Leertaste und Ziehen verschieben das Bild.',
    photoshop:
      'Mausrad verschiebt, Strg und Mausrad verschieben seitwärts, Alt und Mausrad zoomen am Zeiger, Strg+Leertaste hält das Zoomwerkzeug.',
  },
  singleKeys: text(
    'Einzelne Tasten',
    'Buchstaben, Ziffern und Zeichen ohne Strg oder Alt tun etwas, solange kein Textfeld den Fokus hat. Ausgeschaltet lassen sie sich nicht versehentlich auslösen, etwa durch Spracheingabe.',
  ),
  explain: text('Erklärungen', 'Zeigt unter jeder Einstellung ihren Hinweis.'),
  keys: 'Tastenkürzel',
};
