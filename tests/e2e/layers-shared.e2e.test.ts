import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { difference, largestDifference, LayersPage, type Exported } from './layers-page.ts';
import { openStudio, type RunningStudio } from './studio.ts';

let studio: RunningStudio;
let layers: LayersPage;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
  layers = new LayersPage(studio.page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/shared-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

const FACE = 'face 1';
const HAND = 'hands 2';
/** Inside the face: the two share their weight. */
const EYES = 'eyes 4';

const picture = () => studio.page.getByRole('application', { name: /^Picture/ });
const undo = () => studio.page.keyboard.press('Control+z');

describe('layers that share an area', () => {
  let refined: Exported;

  it('are refined', async () => {
    const { page } = studio;
    await page.getByText('Portrait in teal').first().click();
    await page.getByText('1024 × 1024').waitFor();
    await layers.smallCanvas();
    await page.getByRole('switch', { name: 'Refine the whole picture' }).click();
    await layers.setSteps(2);
    await layers.button('Detect').click();
    const ticks = page.getByRole('checkbox', { name: /^Refine detection/ });
    await ticks.nth(3).waitFor({ timeout: 120_000 });
    await picture().focus();
    await page.keyboard.press('Control+d');
    for (const i of [0, 1, 3]) await ticks.nth(i).check();
    expect(await layers.job(() => layers.button('Refine 3 detections').click())).toMatch(/Refined in/);
    for (const name of [FACE, HAND, EYES]) await layers.row(name).waitFor();
    refined = await layers.export();
  });

  it('are merged down without a change, though a third one keeps its share', async () => {
    await layers.select(EYES);
    await studio.page.keyboard.press('Control+e');
    await layers.row('Merged from 2 layers').waitFor();
    await layers.row(FACE).waitFor();
    expect(largestDifference(refined, await layers.export())).toBeLessThanOrEqual(1);
    await layers.button(`Show ${FACE}`).click();
    const withoutFace = await layers.export();
    expect(difference(withoutFace, refined)).not.toBeNull();
    await undo();
    await layers.button('Show Merged from 2 layers').click();
    const alone = await layers.export();
    await undo();
    await undo();
    for (const name of [HAND, EYES]) await layers.button(`Show ${name}`).click();
    expect(difference(alone, await layers.export())).toBeNull();
    await undo();
    await undo();
    expect(difference(await layers.export(), refined)).toBeNull();
  });

  it('are merged with a copy of their own without a change', async () => {
    await layers.select(FACE);
    await studio.page.keyboard.press('Control+j');
    await layers.row(`${FACE} copy`).waitFor();
    const twice = await layers.export();
    await studio.page.keyboard.press('Control+e');
    await layers.row('Merged from 2 layers').waitFor();
    expect(largestDifference(twice, await layers.export())).toBeLessThanOrEqual(1);
    await undo();
    await undo();
    await layers.row(FACE).waitFor();
  });
});

describe('the likeness guard', () => {
  const meter = () => studio.page.getByRole('meter', { name: 'Likeness' });
  const likeness = async () => Number(await meter().getAttribute('aria-valuenow'));

  it('says that the demo pack’s vision model tells little where it finds no difference', async () => {
    await layers.select(HAND);
    await studio.page.getByRole('heading', { name: 'Likeness' }).click();
    await studio.page.getByText(/this vision model sees colours, hardly shapes/).waitFor();
    expect(await likeness()).toBeGreaterThan(0.75);
  });

  it('came without errors in the console and without a request to anywhere else', () => {
    expect(studio.complaints).toEqual([]);
  });
});
