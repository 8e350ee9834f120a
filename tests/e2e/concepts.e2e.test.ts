import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type RunningStudio } from './studio.ts';

const LOOK_MS = 90_000;

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
  await studio.page.getByText('Portrait in teal').click();
  await studio.page.getByText('1024 × 1024').waitFor();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/concepts-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

const phrase = (index: number) => studio.page.getByLabel(`Concept ${index}: what to look for`);
const phrases = () => studio.page.getByLabel(/^Concept \d+: what to look for$/);
const ticks = () => studio.page.getByRole('checkbox', { name: /^Refine detection/ });
const rows = () => studio.page.locator('[data-detection]');
const sizes = () => studio.page.locator('[data-detection] .size').allInnerTexts();
const slider = (name: string) => studio.page.getByRole('slider', { name });
const undo = () => studio.page.getByRole('button', { name: /^Undo:/ });
const found = (count: number) => expect.poll(() => ticks().count(), { timeout: LOOK_MS }).toBe(count);

/** Sends a file to the page as the presets' own dialog does. */
async function load(name: string, text: string): Promise<void> {
  const { page } = studio;
  await page.getByRole('button', { name: 'Presets and import' }).click();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Load a file…' }).click();
  const file = { name, mimeType: 'application/json', buffer: Buffer.from(text) };
  await (await chooser).setFiles(file);
}

describe('the concept studio', () => {
  it('finds a phrase while it is typed, with nothing pressed', async () => {
    await phrase(2).fill('');
    await phrase(2).pressSequentially('hands', { delay: 30 });
    await found(2);
    await studio.page.getByText(/^In the picture: \d+% · answer/).waitFor();
  });

  it('filters by threshold without a run, and says what is hidden', async () => {
    const { page } = studio;
    await phrase(2).click();
    await page.getByText(/\d+ of \d+ found score above it/).waitFor();
    await slider('Threshold').fill('0.9');
    await found(1);
    await slider('Threshold').fill('1');
    await found(0);
    await page.getByText(/below the threshold: the best scores/).waitFor();
    await page.getByRole('button', { name: /^Lower to/ }).click();
    await found(1);
    await slider('Threshold').fill('0.5');
    await found(2);
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  });

  it('lets rules change the masks at once', async () => {
    const { page } = studio;
    const before = await sizes();
    await page.getByText('Rules for masks').click();
    await slider('Grow or shrink').fill('20');
    await expect.poll(sizes).not.toEqual(before);
    const [width] = (await sizes())[0]!.split(' × ').map(Number);
    expect(width).toBe(Number(before[0]!.split(' × ')[0]) + 40);
    await slider('Grow or shrink').fill('0');
    await expect.poll(sizes).toEqual(before);
  });

  it('is gone through by keys', async () => {
    const { page } = studio;
    await rows().first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await rows().nth(1).getAttribute('aria-pressed')).toBe('true');
    expect(
      await rows()
        .nth(1)
        .evaluate((row) => row === document.activeElement),
    ).toBe(true);
    await page.keyboard.press('Space');
    expect(await ticks().nth(1).isChecked()).toBe(false);
    expect(await ticks().first().isChecked()).toBe(true);
  });

  it('keeps a tick when everything is detected again', async () => {
    const { page } = studio;
    await page.getByRole('button', { name: 'Detect', exact: true }).click();
    await expect.poll(() => ticks().count(), { timeout: LOOK_MS }).toBeGreaterThan(3);
    const hand = page.getByRole('list', { name: 'Detections: hands' }).getByRole('checkbox');
    expect(await hand.count()).toBe(2);
    expect([await hand.first().isChecked(), await hand.nth(1).isChecked()]).toEqual([true, false]);
  });

  it('looks for more like one that is pointed out', async () => {
    const { page } = studio;
    await page.getByRole('list', { name: 'Detections: eyes' }).locator('[data-detection]').first().click();
    await page.getByRole('button', { name: 'More like this' }).click();
    await phrase(3).click();
    await page.getByText(/^In the picture: \d+% · answer/).waitFor({ timeout: LOOK_MS });
    await page.getByText('Examples', { exact: true }).click();
    await page.getByText('Wanted', { exact: true }).waitFor();
  });

  it('refuses a preset from the future with a sentence, and takes another', async () => {
    const { page } = studio;
    const before = await phrases().count();
    const concept = {
      ...{ id: 'a', phrase: 'mouth', prompt: '', negative: '', layer: 0, selection: 'all' },
      ...{ maxObjects: 8, threshold: 0.5, denoise: 0.3, anchorScale: 0.5 },
    };
    const preset = { app: 'Luna Studio', kind: 'concepts', version: 9, name: 'Mouths', concepts: [concept] };
    await load('future.json', JSON.stringify(preset));
    await page.getByText(/made by a newer Luna Studio/).waitFor();
    expect(await phrases().count()).toBe(before);
    await load('now.json', JSON.stringify({ ...preset, version: 1 }));
    // The sample looks for mouths already: that concept takes the settings, and none is doubled.
    await page.getByText(/1 concept of the same phrase took over the settings/).waitFor();
    expect(await phrases().count()).toBe(before);
    const person = { ...concept, id: 'b', phrase: 'person' };
    await load('person.json', JSON.stringify({ ...preset, version: 1, name: 'People', concepts: [person] }));
    await page.getByText('Added 1 concept of People.').waitFor();
    await page.getByRole('list', { name: 'Detections: person' }).last().waitFor({ timeout: LOOK_MS });
  });

  it('takes everything back, step by step', async () => {
    for (let steps = 0; steps < 60 && (await undo().count()) > 0; steps++) await undo().click();
    await found(0);
    // The sample's own concepts came with the picture: they are no steps.
    expect(await phrases().count()).toBe(5);
    expect(await phrase(2).inputValue()).toBe('hands');
    expect(studio.complaints).toEqual([]);
  });
});
