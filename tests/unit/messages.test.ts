import { afterEach, describe, expect, it } from 'vitest';
import { de } from '#app/messages/de/index.ts';
import { en } from '#app/messages/en/index.ts';
import { preferredLocale } from '#app/messages/locale.ts';
import { wordsOf } from '#app/messages/words.ts';
import {
  chooseLocale,
  chosenLocale,
  currentLocale,
  followLanguages,
  formatBytes,
  formatDecimals,
  formatDuration,
  messages,
} from '#app/messages.ts';
import { presetFor } from '#app/presets.ts';
import { SHORTCUTS } from '#app/shortcuts.ts';
import { pseudoCatalogue, textsOf, type TextFunction } from './pseudo-catalogue.ts';

/** Texts that are right to be the same in German. */
const ALIKE = new Set(
  [
    ['Luna Studio', 'Studio', 'ComfyUI', 'LoRAs', 'SDXL base', 'Pony', 'Illustrious', 'Lightning', 'Turbo'],
    ['LCM', 'Hyper-SD', 'Euler', 'Euler ancestral', 'Heun', 'DPM++ 2M', 'Karras', 'SGM uniform'],
    ['Original', 'Autoencoder', 'Optional', 'Export', 'Normal', 'Sampling', 'Sampler', 'Seed', 'Batch'],
    ['Esc', 'Alt', 'Tab', 'Pause', 'px', 'px²', 'Name', 'Prompt', 'Lasso', 'Polygon'],
    ['Anime', en.conceptPresets.pastePlaceholder],
  ].flat(),
);

const ENGLISH = new Map(textsOf(en));
const GERMAN = new Map(textsOf(de));

/** Values of the kinds that texts take; the first with which a text makes sense is used. */
const KINDS: readonly (readonly unknown[])[] = [
  [3, 0, 1, 200, 5_000_000],
  ['Ålpha 1', 'Βeta', ''],
  [true, false],
  [['Ålpha 1'], ['Βeta', 'Gamma']],
  [null, 'Ålpha 1'],
  ['newer', 'broken', 'unread'],
];

function attempt(make: TextFunction, values: readonly unknown[]): string | null {
  try {
    const text = make(...values);
    return typeof text === 'string' && !/NaN|undefined|\[object/.test(text) ? text : null;
  } catch {
    return null;
  }
}

/** Kinds of a function's parameters, found by trying. */
function kindsOf(make: TextFunction): (readonly unknown[])[] | null {
  const tuples = (count: number): (readonly unknown[])[][] =>
    count === 0 ? [[]] : tuples(count - 1).flatMap((head) => KINDS.map((kind) => [...head, kind]));
  const works = (kinds: (readonly unknown[])[]) =>
    kinds[0]?.every(
      (_, at) =>
        attempt(
          make,
          kinds.map((kind) => kind[at % kind.length]),
        ) !== null,
    ) ?? true;
  return tuples(make.length).find(works) ?? null;
}

/** Positions of the parameters on which the text depends. */
function placeholdersOf(make: TextFunction): number[] {
  const kinds = kindsOf(make);
  if (!kinds) return [];
  const first = kinds.map(([value]) => value);
  return kinds.flatMap((kind, position) => {
    const others = kind.map((value) => make(...first.with(position, value)));
    return new Set(others).size > 1 ? [position] : [];
  });
}

const functions = [...ENGLISH].filter(
  (entry): entry is [string, TextFunction] => typeof entry[1] === 'function',
);

afterEach(() => {
  chooseLocale(null);
  followLanguages([]);
});

describe('the catalogue', () => {
  it('says the same things in German', () => {
    expect([...GERMAN.keys()]).toEqual([...ENGLISH.keys()]);
  });

  it.each(functions)('puts every value into %s, in both languages', (path, make) => {
    const german = GERMAN.get(path) as TextFunction;
    expect(kindsOf(make), 'no values make sense of it').not.toBeNull();
    expect(placeholdersOf(make)).toEqual(Array.from({ length: make.length }, (_, position) => position));
    expect(placeholdersOf(german)).toEqual(placeholdersOf(make));
  });

  it('is translated: only names, units and words of the field are alike', () => {
    const alike = [...ENGLISH].flatMap(([path, text]) =>
      typeof text === 'string' && /[a-z]{2}/i.test(text) && GERMAN.get(path) === text ? [text] : [],
    );
    expect(alike.filter((text) => !ALIKE.has(text))).toEqual([]);
  });

  it('can be said in a pseudo-language, longer and in brackets, with every value untouched', () => {
    const pseudo = new Map(textsOf(pseudoCatalogue(en)));
    for (const [path, text] of ENGLISH) {
      const other = pseudo.get(path);
      if (typeof text === 'string') {
        expect(other, path).toMatch(/\p{L}/u.test(text) ? /^⟦.*~⟧$/u : text);
        continue;
      }
      const values = kindsOf(text)?.map(([value]) => value) ?? [];
      const plain = text(...values);
      const said = (other as TextFunction)(...values);
      for (const digits of plain.match(/\d+/g) ?? []) expect(said, path).toContain(digits);
      if (/\p{L}/u.test(plain)) expect(said.length, path).toBeGreaterThanOrEqual(plain.length * 1.4);
    }
  });
});

describe('the language', () => {
  it('is the first of the reader’s that the studio speaks', () => {
    expect(preferredLocale(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(preferredLocale(['EN-gb', 'de'])).toBe('en');
    expect(preferredLocale(['fr', 'constructor'])).toBe('en');
    expect(preferredLocale([])).toBe('en');
  });

  it('follows the browser until one is chosen', () => {
    followLanguages(['de-DE']);
    expect([currentLocale(), chosenLocale()]).toEqual(['de', null]);
    chooseLocale('en');
    followLanguages(['de-DE']);
    expect([currentLocale(), chosenLocale()]).toEqual(['en', 'en']);
    chooseLocale(null);
    expect(currentLocale()).toBe('de');
  });

  it('reaches texts, parts of the catalogue that were kept, presets and key caps', () => {
    const kept = messages.models.library;
    const files = (count: number) => kept.files(count);
    expect([messages.app.undo, kept.use, files(2)]).toEqual(['Undo', 'Use', '2 model files']);
    chooseLocale('de');
    expect([messages.app.undo, kept.use, files(2)]).toEqual(['Rückgängig', 'Verwenden', '2 Modelldateien']);
    expect(presetFor('lcm').sentence).toBe(de.presets.lcm);
    expect(messages.shortcuts.caps.Ctrl).toBe('Strg');
  });

  it('names every key cap of more than a letter', () => {
    const caps = SHORTCUTS.flatMap((shortcut) => shortcut.caps).filter((cap) => /\p{L}{2}/u.test(cap));
    expect(caps.filter((cap) => !Object.hasOwn(messages.shortcuts.caps, cap))).toEqual([]);
  });

  it('writes numbers its own way', () => {
    const plain = (text: string) => text.replaceAll('\u00a0', ' ');
    const all = () =>
      [formatBytes(6_938_040_682), formatBytes(12), formatDecimals(0.5, 2), formatDuration(131_000)].map(
        plain,
      );
    expect(all()).toEqual(['6.9 GB', '12 B', '0.50', '2 min 10 s']);
    expect([messages.bar.percent(0.29), messages.bar.percent(0.999)]).toEqual(['29%', '99%']);
    chooseLocale('de');
    expect(all()).toEqual(['6,9 GB', '12 B', '0,50', '2 min 10 s']);
    expect(plain(messages.bar.percent(0.29))).toBe('29 %');
    expect(wordsOf('de').plural(1, { one: 'Kachel', other: 'Kacheln' })).toBe('1 Kachel');
    expect(wordsOf('de').plural(12_345.6, { one: 'Kachel', other: 'Kacheln' })).toBe('12.345,6 Kacheln');
  });
});
