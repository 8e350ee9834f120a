import { afterEach, describe, expect, it } from 'vitest';
import { chooseLocale, said } from '#app/messages.ts';
import { layerWords } from '#domain/document/layer-words.ts';
import type { Words } from '#domain/job/sentence.ts';
import { EVERYTHING } from '#domain/job/target.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { openCanvas, refine } from '#pipelines/refine.ts';
import { planVary } from '#pipelines/vary.ts';
import { concept, detection, fakeServices, request, testPicture } from './pipelines-fakes.ts';

const PICTURE = testPicture(256, 64);
const ASKED = request({
  concepts: [concept({ phrase: 'face' })],
  detections: [detection('a', 0.1, 0.1, 0.2)],
  global: { ...request().global, enabled: true },
});

/** What the progress line of a run with two variations says. */
async function runWords() {
  const canvas = await openCanvas(PICTURE, { width: 2048, height: 512 }, new CpuPixelOps());
  const words: Words[] = [];
  const { layers } = await refine(
    PICTURE,
    ASKED,
    fakeServices(),
    {
      signal: new AbortController().signal,
      onEvent: (event) => {
        if (event.kind === 'progress') words.push(structuredClone(event.detail));
      },
    },
    { target: { ...EVERYTHING, variations: 2 }, canvasFor: () => Promise.resolve(canvas) },
  );
  return { canvas, words, layers };
}

describe('what a run says of itself', () => {
  afterEach(() => chooseLocale(null));

  it('can be said in German, labels of tiles and variations too', async () => {
    const { words } = await runWords();
    const english = words.map(said);
    chooseLocale('de');
    const german = words.map(said);
    for (const [before, after] of [
      ['face 1, variation 2 · encode', 'face 1, Variation 2 · Kodieren'],
      ['tile 1/5 · decode', 'Kachel 1/5 · Dekodieren'],
      ['tile 2/5, tile 4/5 · step 1/3', 'Kachel 2/5, Kachel 4/5 · Schritt 1/3'],
      [
        'face 1, variation 1, face 1, variation 2 · step 2/3',
        'face 1, Variation 1, face 1, Variation 2 · Schritt 2/3',
      ],
    ] as const)
      expect(german[english.indexOf(before)], before).toBe(after);
    expect(
      german.filter((text) => /\b(tile|step|variation|encode|decode|blend|likeness|reference)\b/.test(text)),
    ).toEqual([]);
  });

  it('gives tiles no name of their own, and speaks of them by their numbers', async () => {
    const { canvas, layers } = await runWords();
    expect(layers.map(({ name }) => name)).toEqual(['face 1', '', '', '', '', '']);
    const tile = layers.find(({ weight }) => weight.kind === 'tile' && weight.index === 1)!;
    const [item] = await planVary(canvas, { layers, layerId: tile.id, count: 1 });
    chooseLocale('de');
    expect(said(layerWords(tile))).toBe('Kachel 2');
    expect(said(layerWords({ ...tile, name: 'sky' }))).toBe('sky');
    expect(said(item!.label)).toBe('Kachel 2, Variation 2');
  });
});
