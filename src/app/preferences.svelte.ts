import { MediaQuery } from 'svelte/reactivity';

export const THEMES = ['system', 'dark', 'light'] as const;
export type ThemeName = (typeof THEMES)[number];
export const MOTIONS = ['system', 'reduced'] as const;
export type MotionName = (typeof MOTIONS)[number];

/** What the canvas shows around the picture, neutral as everything near it: the `--stage` of each theme. */
const BACKDROP = { dark: '#161616', light: '#cfcfcf' } as const;

/** What the browser or the system draws around the page: the `--panel` of each theme. */
const FRAME = { dark: '#1e1e1e', light: '#f2f2f2' } as const;

/** How the studio looks. Like the language there is one for the page. */
class Preferences {
  /** Dark by choice of the studio: pictures are judged on it. */
  theme = $state.raw<ThemeName>('dark');
  motion = $state.raw<MotionName>('system');
  readonly #systemLight = new MediaQuery('(prefers-color-scheme: light)', false);
  readonly #systemReduced = new MediaQuery('(prefers-reduced-motion: reduce)', false);

  /** The theme that shows. */
  get shownTheme(): 'dark' | 'light' {
    if (this.theme !== 'system') return this.theme;
    return this.#systemLight.current ? 'light' : 'dark';
  }

  /** Nothing moves by itself, and nothing glides. */
  get reducedMotion(): boolean {
    return this.motion === 'reduced' || this.#systemReduced.current;
  }

  get backdrop(): string {
    return BACKDROP[this.shownTheme];
  }

  get frame(): string {
    return FRAME[this.shownTheme];
  }
}

export const preferences = new Preferences();
