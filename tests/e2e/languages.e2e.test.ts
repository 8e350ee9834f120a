import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { de } from '#app/messages/de/index.ts';
import { sentences } from '#app/messages/de/sentences/index.ts';
import { en } from '#app/messages/en/index.ts';
import { LOCALES } from '#app/messages/locale.ts';
import { PRESETS } from '#domain/concepts/presets.ts';
import { CATALOGUE } from '#models/catalogue/lookup.ts';
import samples from '../../models/demo/samples/index.json' with { type: 'json' };
import { pseudoCatalogue, textsOf } from '../unit/pseudo-catalogue.ts';
import { LanguageJourney } from './language-journey.ts';
import { pseudoLanguage } from './pseudo-language.ts';
import { openStudio, type RunningStudio } from './studio.ts';
import { wordsShown } from './words-shown.ts';

/** What is not said by the studio: pictures and their phrases, models, languages, and names of the field. */
const DATA = [
  ...samples.flatMap(({ title, caption, concepts, translations }) => [
    ...[title, caption, ...concepts],
    ...Object.values(translations).flatMap((text) => Object.values(text)),
  ]),
  ...CATALOGUE.flatMap(({ title, licence }) => [title, licence.name]).filter((name) => !(name in sentences)),
  ...Object.values(PRESETS).flatMap((concepts) => concepts.map(({ phrase }) => phrase)),
  ...Object.values(LOCALES),
  // Networks by their names in the graphs, key names and a kind of IP-Adapter; the toasts' own key; units.
  ...['CLIP text encoder', 'CLIP vision encoder', 'IP-Adapter image projection', 'UNet conditioning', 'UNet'],
  ...['VAE encoder', 'VAE decoder', 'transformers', 'plus', 'CPU', 'alt+T', 'px', 'sdxl'],
].sort((a, b) => b.length - a.length);
const FILES = /[\w.+-]+\.(safetensors|pth|png)\b/g;
const SIZES = /\d\s(B|kB|MB|GB)\b/g;

/** The text without what is data in it. */
function withoutData(text: string): string {
  return DATA.reduce((rest, data) => rest.replaceAll(data, ''), text.replace(FILES, '').replace(SIZES, ''));
}

/** Whether a text of the pseudo-language has words that were not made from the catalogue: it has no plain letters. */
const isForeign = (text: string): boolean => /[A-Za-z]{2}/.test(withoutData(text));

describe('the search for words and for what cannot be read', () => {
  it.each([
    ['⟦Ñö~⟧ portrait.png · ⟦6,9 GB öƒ SDXL base 1.0~~⟧ (F1)', false],
    ['⟦Ñö~⟧ and ⟦ýéš~~⟧', true],
    ['⟦Ļöáðíñğ the UNet~~~⟧', true],
  ])('judges %s', (text, foreign) => {
    expect(isForeign(text)).toBe(foreign);
  });
});

describe('the studio in a pseudo-language', () => {
  let studio: RunningStudio;
  let journey: LanguageJourney;
  let outDir: string;

  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'luna-pseudo-'));
    await build({ plugins: [pseudoLanguage], build: { outDir, emptyOutDir: true }, logLevel: 'error' });
    studio = await openStudio({ outDir, locale: 'de-DE' });
    studio.page.setDefaultTimeout(20_000);
    journey = new LanguageJourney(studio.page, pseudoCatalogue(en), look);
  });
  afterAll(async () => {
    await studio.close();
    await rm(outDir, { recursive: true, force: true });
  });

  async function look(state: string): Promise<void> {
    const { texts, cut } = await wordsShown(studio.page);
    expect(texts.length, state).toBeGreaterThan(20);
    expect.soft(texts.filter(isForeign), state).toEqual([]);
    expect.soft(cut, state).toEqual([]);
  }

  it('would show words that are not in the catalogue, cut ones, and some over others', async () => {
    await studio.page.evaluate(() => {
      const element = (css: string, text: string) => {
        const made = Object.assign(document.createElement('p'), { textContent: text, className: 'bad' });
        made.style.cssText = `position: absolute; top: 0; left: 0; ${css}`;
        document.querySelector('main')?.append(made);
      };
      element('width: 30px; overflow: hidden; white-space: nowrap', 'Cut off here');
      element('top: 20px', 'Below');
      element('top: 20px', 'Above');
      document.querySelector('.bad')?.setAttribute('aria-label', 'Heard only');
    });
    const { texts, cut } = await wordsShown(studio.page);
    await studio.page.evaluate(() => document.querySelectorAll('.bad').forEach((each) => each.remove()));
    expect(texts.filter(isForeign).sort()).toEqual(['Above', 'Below', 'Cut off here', 'Heard only']);
    expect(cut).toEqual([
      expect.stringContaining('Cut off here'),
      expect.stringContaining('over each other: Below | Above'),
    ]);
  });

  for (const part of ['dialogs', 'models', 'detect', 'panels', 'refine'] as const)
    it(`says nothing that is not in the catalogue, and all of it can be read: ${part}`, () =>
      journey[part]());
});

/** English texts that are other words in German. */
const ENGLISH = new Set(
  [...textsOf(en)].flatMap(([path, text]) =>
    typeof text === 'string' && new Map(textsOf(de)).get(path) !== text ? [text] : [],
  ),
);
const GERMAN = new Set([...textsOf(de)].flatMap(([, text]) => (typeof text === 'string' ? [text] : [])));

/** Whether a text of the German studio is English: one of its English texts, or one with an English word in it. */
const isEnglish = (text: string): boolean =>
  (ENGLISH.has(text) && !GERMAN.has(text)) ||
  /\b(the|of|and|with|is|are|not|found|picture|again|layers?|tiles?|steps?)\b/i.test(withoutData(text));

describe('the studio that is switched to German while it runs', () => {
  let studio: RunningStudio;
  const state = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    studio = await openStudio();
    studio.page.setDefaultTimeout(20_000);
  });
  afterAll(async () => {
    await studio.close();
  });

  async function look(name: string): Promise<void> {
    const { texts } = await wordsShown(studio.page);
    expect(texts.length, name).toBeGreaterThan(20);
    expect.soft(texts.filter(isEnglish), name).toEqual([]);
  }

  async function speak(from: typeof en, language: string): Promise<void> {
    await studio.page.keyboard.press('Control+Comma');
    await studio.page.getByLabel(from.inspector.language.label).last().selectOption({ label: language });
    await studio.page.keyboard.press('Escape');
  }

  it('speaks English first, with English numbers', async () => {
    const { page } = studio;
    const journey = new LanguageJourney(page, en, state);
    await journey.detect();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page
      .getByRole('region', { name: 'Run' })
      .getByText('Found 7 detections for 5 concepts.')
      .first()
      .waitFor();
    await page.getByRole('button', { name: en.inspector.backToDocument }).click();
    expect(await page.getByRole('spinbutton', { name: 'Context' }).inputValue()).toBe('0.25');
  });

  it('then everything on the screen is German: names of regions, buttons and fields, numbers, what the bar keeps', async () => {
    const { page } = studio;
    // What was said in English, also of the copy for offline use, stays English for as long as it is shown.
    await page.evaluate(() => navigator.serviceWorker.ready);
    await expect.poll(() => page.locator('[data-sonner-toast]').count(), { timeout: 30_000 }).toBe(0);
    await speak(en, LOCALES.de);
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    const bar = page.getByRole('region', { name: 'Lauf' });
    await bar.getByText('7 Erkennungen für 5 Konzepte gefunden.').first().waitFor();
    for (const [role, name] of [
      ['button', 'Erkennen'],
      ['button', '7 Erkennungen verfeinern'],
      ['button', 'PNG exportieren'],
      ['heading', 'Ebenen'],
      ['heading', 'Dokument'],
      ['switch', 'Ganzes Bild verfeinern'],
      ['application', de.tools.canvas],
    ] as const)
      await page.getByRole(role, { name, exact: true }).first().waitFor();
    const context = page.getByRole('spinbutton', { name: 'Umgebung' });
    expect(await context.inputValue()).toBe('0,25');
    for (const typed of ['0.3', '0,3']) {
      await context.fill(typed);
      await context.blur();
      expect(await context.inputValue()).toBe('0,3');
    }
    await look('switched');
  });

  for (const part of ['dialogs', 'models', 'panels'] as const)
    it(`is German in every state: ${part}`, () => new LanguageJourney(studio.page, de, look)[part]());

  it('goes back to English', async () => {
    await speak(de, LOCALES.en);
    expect(await studio.page.locator('html').getAttribute('lang')).toBe('en');
    await studio.page
      .getByRole('region', { name: 'Run' })
      .getByText('Found 7 detections for 5 concepts.')
      .first()
      .waitFor();
  });
});
