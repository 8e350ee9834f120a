import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { difference, LayersPage, noteRuns, type Exported } from './layers-page.ts';
import { openStudio, type RunningStudio } from './studio.ts';

const LEFT = 'hands 1';
const RIGHT = 'hands 2';
const WAIT = { timeout: 10 * 60_000 };

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
    await studio.page.screenshot({ path: `test-results/kept-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

/** Waits until a running job says it is at this. */
async function workingOn(what: RegExp): Promise<void> {
  await studio.page.getByRole('region', { name: 'Run' }).getByText(what).first().waitFor(WAIT);
}

/** The worker that runs networks ends as of a bug of its own. */
async function breakWorker(): Promise<void> {
  const worker = studio.page.workers().find((each) => /\/entry-[^/]*$/.test(each.url()));
  if (!worker) throw new Error('no worker runs networks');
  const closed = worker.waitForEvent('close', WAIT);
  // It may be gone before it has answered.
  await worker.evaluate(() => void setTimeout(() => JSON.parse('broken'))).catch(() => undefined);
  await closed;
}

/** Whether a line of the panel shows what was painted, and not a piece of the picture. */
function hasThumbnail(name: string): Promise<boolean> {
  return layers
    .row(name)
    .locator('canvas')
    .evaluate((canvas) => canvas.classList.contains('painted'));
}

describe('what was painted before a run ended early', () => {
  let original: Exported;

  it('comes back from the disk when the worker breaks, as one step', async () => {
    const { page } = studio;
    await page.locator('input[type=file]').first().setInputFiles('models/demo/samples/portrait.png');
    await page.getByText('1024 × 1024').waitFor();
    await page.getByLabel('Concept 1: what to look for').fill('hands');
    await page.getByRole('checkbox', { name: 'Refine detection 2' }).waitFor({ timeout: 120_000 });
    await layers.smallCanvas();
    await layers.setSteps(2);
    await layers.setNumber('Batch', 1);
    original = await layers.export();
    await layers.button('Refine 2 detections').click();
    await workingOn(/Refining the whole picture/);
    await breakWorker();
    await page.getByText(/^The networks stopped unexpectedly .* read back from the disk\.$/).waitFor();
    await expect.poll(() => layers.rows.count()).toBe(2);
    for (const name of [LEFT, RIGHT]) await expect.poll(() => hasThumbnail(name), WAIT).toBe(true);
    await layers.button('Close the message').click();
    await page.getByText(/^The networks stopped/).waitFor({ state: 'hidden' });
    const shown = await layers.shown();
    await layers.button(`Show ${RIGHT}`).click();
    await expect.poll(() => layers.shown()).not.toBe(shown);
    await layers.button(`Show ${RIGHT}`).click();
    await expect.poll(() => layers.shown()).toBe(shown);
    for (let i = 0; i < 2; i++) await page.keyboard.press('Control+z');
    const kept = await layers.export();
    expect(difference(kept, original)).not.toBeNull();
    expect(kept.recipe.layers?.map(({ name }) => name)).toEqual([LEFT, RIGHT]);
    expect(await page.getByText(/are gone and cannot be shown/).count()).toBe(0);
    expect((await layers.history()).present).toBe('Refined');
    await page.keyboard.press('Control+z');
    expect(difference(await layers.export(), original)).toBeNull();
    await page.keyboard.press('Control+Shift+z');
    expect(difference(await layers.export(), kept)).toBeNull();
  });

  it('is among the variations of a layer when they are stopped', async () => {
    const { page } = studio;
    const before = await layers.export();
    await layers.select(LEFT);
    await layers.button('Variations…').click();
    await page.getByRole('radio', { name: '6', exact: true }).check();
    await layers.button('Paint 6').click();
    // Anchors of all of them are read first.
    await workingOn(/variation 3 · (?!anchor)/);
    const bar = page.getByRole('region', { name: 'Run' });
    await bar.getByRole('button', { name: 'Stop' }).click();
    const wall = page.getByRole('dialog', { name: `Variations of ${LEFT}` });
    await wall.waitFor(WAIT);
    const options = wall.getByRole('option');
    expect(await options.count()).toBeGreaterThanOrEqual(3);
    expect(await options.count()).toBeLessThan(8);
    expect(await wall.getByRole('option', { selected: true }).innerText()).toMatch(/Painting 1/);
    await page.keyboard.press('Escape');
    await wall.waitFor({ state: 'hidden' });
    expect(difference(await layers.export(), before)).toBeNull();
    await layers.button(/^Choose from/).click();
    await wall.getByRole('option', { name: /Painting 2/ }).click();
    await wall.getByRole('button', { name: 'Use this' }).click();
    expect(difference(await layers.export(), before)).not.toBeNull();
  });

  it('is closed with the picture: another one begins without pictures of layers', async () => {
    await studio.page.locator('input[type=file]').first().setInputFiles('models/demo/samples/garden.png');
    await studio.page.getByText(/^portrait\.png was left/).waitFor();
    await studio.page.getByText(/^What is refined lands here/).waitFor();
    await studio.page.getByRole('button', { name: 'Go back to it' }).click();
    for (const name of [LEFT, RIGHT]) await expect.poll(() => hasThumbnail(name), WAIT).toBe(true);
  });
});
