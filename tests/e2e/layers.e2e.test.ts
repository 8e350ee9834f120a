import { readFile } from 'node:fs/promises';
import { decode, encode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Rect } from '#domain/geometry/rect.ts';
import {
  difference,
  isWithin,
  largestDifference,
  LayersPage,
  noteRuns,
  type Exported,
} from './layers-page.ts';
import { openStudio, type RunningStudio } from './studio.ts';

/** What the soft edge (16 px) and the grown mask (8 px) add to a detection, and a rounding of its box. */
const EDGE_PX = 28;

let studio: RunningStudio;
let layers: LayersPage;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
  await noteRuns(studio.page);
  layers = new LayersPage(studio.page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/layers-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

/** The raised hand lies left in the picture, the other one right of the middle and low. */
const LEFT = 'hands 1';
const RIGHT = 'hands 2';

/** The box of the detection a layer was painted for. */
function boxOf({ recipe, width, height }: Exported, name: string): Rect<'canvas'> {
  const record = recipe.layers?.find((layer) => layer.name === name);
  const { box } = recipe.request.detections.find(({ id }) => id === record?.detectionId)!;
  return {
    x: box.x * width,
    y: box.y * height,
    width: box.width * width,
    height: box.height * height,
  } as Rect<'canvas'>;
}

function expectOnlyIn(changed: Rect<'canvas'> | null, box: Rect<'canvas'>): void {
  expect(changed).not.toBeNull();
  expect(isWithin(changed!, box, EDGE_PX), JSON.stringify({ changed, box })).toBe(true);
}

async function small(): Promise<void> {
  await layers.smallCanvas();
  await studio.page.getByRole('switch', { name: 'Refine the whole picture' }).click();
  await layers.setSteps(2);
}

/** A stroke over a part of the picture, whose sides are 1 here. */
async function stroke(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const { page } = studio;
  const stage = (await page.getByRole('application', { name: /^Picture/ }).boundingBox())!;
  const side = Math.min(stage.width, stage.height) - 64;
  const at = ([x, y]: readonly [number, number]) =>
    [stage.x + (stage.width - side) / 2 + x * side, stage.y + (stage.height - side) / 2 + y * side] as const;
  await page.keyboard.press('b');
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 5 });
  await page.mouse.up();
  await page.keyboard.press('v');
}

describe('layers', () => {
  let original: Exported;
  let refined: Exported;

  it('are one for each refined detection, and nothing changes outside of them', async () => {
    const { page } = studio;
    await page.locator('input[type=file]').first().setInputFiles('models/demo/samples/portrait.png');
    await page.getByText('1024 × 1024').waitFor();
    await page.getByText(/^What is refined lands here/).waitFor();
    await page.getByLabel('Concept 1: what to look for').fill('hands');
    await page.getByRole('checkbox', { name: 'Refine detection 2' }).waitFor({ timeout: 120_000 });
    expect(await page.getByRole('checkbox', { name: /^Refine detection/ }).count()).toBe(2);
    await small();
    original = await layers.export();
    expect(await layers.job(() => layers.button('Refine 2 detections').click())).toMatch(/Refined in/);
    await expect.poll(() => layers.rows.count()).toBe(2);
    await layers.row(LEFT).waitFor();
    await layers.row(RIGHT).waitFor();
    refined = await layers.export();
    const [left, right] = [boxOf(refined, LEFT), boxOf(refined, RIGHT)];
    expect(left.x + left.width).toBeLessThan(right.x);
    const x = left.x;
    const hull = { x, y: left.y, width: right.x + right.width - x, height: right.y + right.height - left.y };
    expectOnlyIn(difference(original, refined), hull as Rect<'canvas'>);
    expect(await layers.runs()).toEqual(['concepts.look', 'layers.refine']);
  });

  it('are hidden and shown, on the page and in the export', async () => {
    const before = await layers.shown();
    await layers.button(`Show ${LEFT}`).click();
    const hidden = await layers.export();
    expectOnlyIn(difference(hidden, refined), boxOf(refined, LEFT));
    expectOnlyIn(difference(hidden, original), boxOf(refined, RIGHT));
    expect(await layers.shown()).not.toBe(before);
    await layers.button(`Show ${LEFT}`).click();
    expect(difference(await layers.export(), refined)).toBeNull();
    await expect.poll(() => layers.shown()).toBe(before);
  });

  it('are as opaque as they are set, by their own part of the change', async () => {
    await layers.select(LEFT);
    await layers.setNumber('Opacity', 50);
    const half = await layers.export();
    expectOnlyIn(difference(half, refined), boxOf(refined, LEFT));
    const { x, y, width, height } = boxOf(refined, LEFT);
    let furthest = 0;
    for (let row = Math.round(y); row < y + height; row++)
      for (let at = Math.round(x); at < x + width; at++)
        for (let c = 0; c < 3; c++) {
          const i = (row * half.width + at) * half.channels + c;
          furthest = Math.max(furthest, Math.abs(half.data[i]! - (original.data[i]! + refined.data[i]!) / 2));
        }
    expect(furthest).toBeLessThanOrEqual(1.5);
    await layers.row(LEFT).getByText('50%').waitFor();
    await studio.page.keyboard.press('Control+z');
    await layers.row(LEFT).getByText('100%').waitFor();
    expect(difference(await layers.export(), refined)).toBeNull();
  });

  it('say when they are out of date, and are painted again only when asked', async () => {
    const runs = await layers.runs();
    await layers.button(/^hands 1/).click();
    await stroke([0.1, 0.56], [0.2, 0.57]);
    await layers.stale(LEFT).waitFor();
    expect(await layers.stale(LEFT).innerText()).toMatch(/The mask changed/);
    expect(await layers.stale(RIGHT).count()).toBe(0);
    await layers.documentSettings();
    await layers.setSteps(1);
    await layers.stale(RIGHT).waitFor();
    await layers.button('Paint 2 layers again').waitFor();
    await studio.page.waitForTimeout(1500);
    expect(await layers.runs()).toEqual(runs);
  });

  it('are undone and redone with strokes, settings and the run itself', async () => {
    const { page } = studio;
    const runs = await layers.runs();
    const last = await layers.export();
    expect(await layers.history()).toEqual({
      steps: [
        ...['Opened', 'Concept changed', 'Detected · hands'],
        ...['Setting changed · Canvas / Export', 'Setting changed · Canvas / Export'],
        ...['Setting changed · Whole picture', 'Setting changed · Sampling'],
        ...['Refined', `Shown or hidden · ${LEFT}`, `Shown or hidden · ${LEFT}`],
        ...['Mask painted · 1', 'Setting changed · Sampling'],
      ],
      present: 'Setting changed · Sampling',
    });
    await page.keyboard.press('Control+z');
    await layers.stale(RIGHT).waitFor({ state: 'detached' });
    await page.keyboard.press('Control+z');
    await layers.stale(LEFT).waitFor({ state: 'detached' });
    expect(difference(await layers.export(), refined)).toBeNull();
    for (let i = 0; i < 3; i++) await page.keyboard.press('Control+z');
    await page.getByText(/^What is refined lands here/).waitFor();
    expect(difference(await layers.export(), original)).toBeNull();
    for (let i = 0; i < 5; i++) await page.keyboard.press('Control+Shift+z');
    await layers.stale(RIGHT).waitFor();
    expect(difference(await layers.export(), last)).toBeNull();
    for (let i = 0; i < 2; i++) await page.keyboard.press('Control+z');
    await layers.stale(LEFT).waitFor({ state: 'detached' });
    expect(await layers.runs()).toEqual(runs);
  });

  it('are painted again one by one or all that are out of date', async () => {
    const runs = await layers.runs();
    await layers.button(/^hands 1/).click();
    await stroke([0.1, 0.56], [0.15, 0.75]);
    await layers.documentSettings();
    await layers.setSteps(1);
    await layers.stale(RIGHT).waitFor();
    const before = await layers.export();
    await layers.select(LEFT);
    expect(await layers.job(() => layers.button('Paint this again').click())).toMatch(/Refined in/);
    await layers.stale(LEFT).waitFor({ state: 'detached' });
    expect(await layers.stale(RIGHT).count()).toBe(1);
    const left = await layers.export();
    expectOnlyIn(difference(before, left), boxOf(left, LEFT));
    expect(await layers.job(() => layers.button('Paint 1 layer again').click())).toMatch(/Refined in/);
    await layers.stale(RIGHT).waitFor({ state: 'detached' });
    expectOnlyIn(difference(left, await layers.export()), boxOf(left, RIGHT));
    expect(await layers.runs()).toEqual([...runs, 'layers.refine', 'layers.refine']);
  });

  it('come back from a snapshot as they were', async () => {
    const { page } = studio;
    const kept = await layers.export();
    await page.keyboard.press('Control+Alt+s');
    await page.getByText('Snapshot 1 is kept.').waitFor();
    await layers.select(RIGHT);
    await layers.setNumber('Blend strength', 0);
    await layers.button(`Show ${LEFT}`).click();
    const changed = await layers.export();
    expect(difference(changed, original)).toBeNull();
    await layers.restore('Snapshot 1');
    await layers
      .row(LEFT)
      .getByRole('button', { name: `Show ${LEFT}`, pressed: true })
      .waitFor();
    expect(difference(await layers.export(), kept)).toBeNull();
    await page.keyboard.press('Control+z');
    expect(difference(await layers.export(), changed)).toBeNull();
    await page.keyboard.press('Control+Shift+z');
    expect(difference(await layers.export(), kept)).toBeNull();
  });

  it('are re-rolled one at a time, within their own area', async () => {
    const runs = await layers.runs();
    const before = await layers.export();
    await layers.select(RIGHT);
    expect(await layers.job(() => layers.button('Re-roll').click())).toMatch(/Refined in/);
    const after = await layers.export();
    expectOnlyIn(difference(before, after), boxOf(after, RIGHT));
    expect(await layers.rows.count()).toBe(2);
    expect(await layers.stale(RIGHT).count()).toBe(0);
    expect(await layers.runs()).toEqual([...runs, 'layers.refine']);
  });

  it('are chosen from a wall of variations', async () => {
    const { page } = studio;
    const runs = await layers.runs();
    const before = await layers.export();
    await layers.select(LEFT);
    await layers.button('Variations…').click();
    await page.getByRole('radio', { name: '2', exact: true }).check();
    expect(await layers.job(() => layers.button('Paint 2').click())).toMatch(/3 paintings to choose from/);
    const wall = page.getByRole('dialog', { name: `Variations of ${LEFT}` });
    await wall.waitFor();
    expect(await wall.getByRole('option').count()).toBe(4);
    expect(await wall.getByRole('option', { selected: true }).innerText()).toMatch(/Painting 1/);
    await wall.getByRole('option', { name: /Painting 2/ }).click();
    await wall.getByRole('button', { name: 'Use this' }).click();
    await wall.waitFor({ state: 'hidden' });
    const after = await layers.export();
    expectOnlyIn(difference(before, after), boxOf(after, LEFT));
    expect(await layers.stale(LEFT).count()).toBe(0);
    await layers.button('Choose from 3').click();
    expect(await wall.getByRole('option', { selected: true }).innerText()).toMatch(/Painting 2/);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await wall.waitFor({ state: 'hidden' });
    expect(difference(await layers.export(), before)).toBeNull();
    expect(await layers.runs()).toEqual([...runs, 'layers.vary']);
  });

  it('say how alike what they painted is to what was there', async () => {
    const { page } = studio;
    await layers.select(LEFT);
    await page.getByRole('heading', { name: 'Likeness' }).click();
    const meter = page.getByRole('meter', { name: 'Likeness' });
    await meter.waitFor();
    expect(Number(await meter.getAttribute('aria-valuenow'))).toBeGreaterThan(0.3);
  });

  it('are merged into one that looks the same, and taken apart again', async () => {
    const runs = await layers.runs();
    const before = await layers.export();
    await layers.select(LEFT);
    await layers.select(RIGHT, 'Shift');
    await layers.button('Merge the selected layers').click();
    await layers.row('Merged from 2 layers').waitFor();
    expect(await layers.rows.count()).toBe(1);
    expect(largestDifference(before, await layers.export())).toBeLessThanOrEqual(1);
    await studio.page.keyboard.press('Control+z');
    await layers.row(LEFT).waitFor();
    expect(difference(await layers.export(), before)).toBeNull();
    expect(await layers.runs()).toEqual(runs);
  });

  it('of tiles are painted again one by one', async () => {
    const { page } = studio;
    const { data, channels } = decode(await readFile('models/demo/samples/portrait.png'));
    const wide = encode({ width: 1024, height: 512, channels, data: data.slice(0, 1024 * 512 * channels) });
    const file = { name: 'wide.png', mimeType: 'image/png', buffer: Buffer.from(wide) };
    await page.locator('input[type=file]').first().setInputFiles(file);
    await page.getByText('1024 × 512').waitFor();
    await layers.documentSettings();
    for (const label of ['Canvas', 'Export'])
      await page.getByLabel(label, { exact: true }).selectOption({ label: '2048 px' });
    await page.getByRole('switch', { name: 'Refine detections' }).click();
    await page.getByRole('switch', { name: 'Refine the whole picture' }).click();
    expect(await layers.job(() => layers.button('Refine picture').click())).toMatch(/Refined in/);
    await layers.row('Whole picture · 3 tiles').waitFor();
    const before = await layers.export();
    await layers.setNumber('Strength', 0.6);
    await layers.stale('Whole picture · 3 tiles').waitFor();
    await layers.button('Show the tiles').click();
    await layers.select('Tile 2');
    const runs = await layers.runs();
    expect(await layers.job(() => layers.button('Paint this again').click())).toMatch(/Refined in/);
    expect(await layers.stale('Tile 2').count()).toBe(0);
    for (const name of ['Tile 1', 'Tile 3']) await layers.stale(name).waitFor();
    const after = await layers.export();
    const tile = { x: 512, y: 0, width: 1024, height: 1024 } as Rect<'canvas'>;
    const changed = difference(before, after);
    expect(changed).not.toBeNull();
    expect(isWithin(changed!, tile, 0), JSON.stringify(changed)).toBe(true);
    expect((await layers.history()).present).toBe('Painted again · Tile 2');
    expect(await layers.runs()).toEqual([...runs, 'layers.refine']);
  });

  it('of tiles are re-rolled one by one, and what they were is kept to choose from', async () => {
    const { page } = studio;
    await layers.select('Tile 3');
    expect(await layers.job(() => layers.button('Paint this again').click())).toMatch(/Refined in/);
    const before = await layers.export();
    const runs = await layers.runs();
    expect(await layers.job(() => layers.button('Re-roll').click())).toMatch(/Refined in/);
    expect((await layers.history()).present).toBe('Re-rolled · Tile 3');
    expect(await layers.stale('Tile 3').count()).toBe(0);
    const after = await layers.export();
    const changed = difference(before, after);
    expect(isWithin(changed!, { x: 1024, y: 0, width: 1024, height: 1024 } as Rect<'canvas'>, 0)).toBe(true);
    await layers.button('Choose from 2').click();
    const wall = page.getByRole('dialog', { name: 'Variations of Tile 3' });
    expect(await wall.getByRole('option', { selected: true }).innerText()).toMatch(/Painting 2/);
    await wall.getByRole('option', { name: /Painting 1/ }).click();
    await wall.getByRole('button', { name: 'Use this' }).click();
    await wall.waitFor({ state: 'hidden' });
    expect(difference(await layers.export(), before)).toBeNull();
    await page.keyboard.press('Control+z');
    // The region it was re-rolled to is its own from now on.
    expect(await layers.job(() => layers.button('Paint this again').click())).toMatch(/Refined in/);
    expect(difference(await layers.export(), after)).toBeNull();
    expect(await layers.runs()).toEqual([...runs, 'layers.refine', 'layers.refine']);
  });

  it('came without errors in the console and without a request to anywhere else', () => {
    expect(studio.complaints).toEqual([]);
  });
});
