import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type RunningStudio } from './studio.ts';

const JOB_MS = 10 * 60_000;
const SOON = { timeout: 10_000 };

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
});
afterAll(async () => {
  await studio.close();
});

const bar = () => studio.page.getByRole('region', { name: 'Run', exact: true });

/** What has the focus: its name and role, and whether it is seen to have it. */
interface Focus {
  readonly name: string;
  readonly lost: boolean;
  readonly visible: boolean;
}

/** The focus has to be on an element that is on the screen and marked by an outline or a shadow of its own. */
async function focus(): Promise<Focus> {
  return studio.page.evaluate(() => {
    const element = document.activeElement as HTMLElement | null;
    if (!element || element === document.body) return { name: 'nothing', lost: true, visible: false };
    // A control drawn by its neighbour or its label shows the mark there.
    const shown = [element, element.nextElementSibling, element.parentElement].filter(
      (item) => item !== null,
    );
    const marked = shown.some((item) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(item);
      return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow.includes('inset');
    });
    const box = element.getBoundingClientRect();
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    const labels = (element as HTMLInputElement).labels;
    const name = element.getAttribute('aria-label') ?? labels?.[0]?.innerText ?? element.innerText;
    return { name: name.trim(), lost: false, visible: marked && inside };
  });
}

/** Presses a key and makes sure that the focus is still somewhere. */
async function press(key: string): Promise<void> {
  await studio.page.keyboard.press(key);
  await studio.page.waitForTimeout(30);
  expect((await focus()).lost, `focus after ${key}`).toBe(false);
}

/** Tabs until the focus is on something of this name, every stop on the way being seen. */
async function tabTo(name: RegExp, key = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let stops = 0; stops < 150; stops++) {
    await studio.page.keyboard.press(key);
    const at = await focus();
    // Past the last control the focus is the browser's, and then the first one's again.
    if (at.lost) continue;
    expect(at.visible, `focus on "${at.name}" shows`).toBe(true);
    if (name.test(at.name)) return;
    passed.push(at.name);
  }
  throw new Error(`${name} is not reached by ${key}; passed ${passed.join(' | ')}`);
}

/** Chooses a command by words in the palette. */
async function command(words: string): Promise<void> {
  const { page } = studio;
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Find a command' }).waitFor();
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Find a command' }).waitFor({ state: 'hidden' });
}

async function jobEnds(): Promise<void> {
  const stop = bar().getByRole('button', { name: /^Stop/ });
  await stop.waitFor({ state: 'visible', timeout: 30_000 }).catch(() => undefined);
  await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
}

const status = () => bar().getByRole('status').innerText();
const ticks = () => studio.page.getByRole('checkbox', { name: /^Refine detection/ });

describe('the main job by keys alone', () => {
  it('opens a sample and keeps the focus', async () => {
    await tabTo(/^Portrait in teal/);
    await studio.page.keyboard.press('Enter');
    await studio.page.getByText('1024 × 1024').waitFor();
    await expect.poll(async () => (await focus()).name, SOON).toMatch(/^Picture/);
    // The smallest canvas, so that refining takes seconds.
    await tabTo(/^Canvas$/);
    await press('Home');
  });

  it('names a concept and detects it', async () => {
    const { page } = studio;
    await command('type a concept');
    await expect.poll(async () => (await focus()).name, SOON).toMatch(/^Concept \d+: what to look for/);
    await page.keyboard.type('face');
    expect(
      await page
        .getByLabel(/^Concept \d+: what to look for/)
        .last()
        .inputValue(),
    ).toBe('face');
    // Out of the field, where it would type.
    await tabTo(/^Add concept$/);
    await press('Shift+d');
    await jobEnds();
    await expect.poll(status, SOON).toMatch(/Found \d+ detections? for/);
    expect(await ticks().count()).toBeGreaterThanOrEqual(2);
  });

  it('goes through the detections and unticks all but one', async () => {
    const { page } = studio;
    await press('Control+d');
    await expect
      .poll(() => page.getByRole('checkbox', { name: /^Refine detection/, checked: true }).count())
      .toBe(0);
    await press('n');
    await press('n');
    await press('Shift+n');
    await press('t');
    await expect
      .poll(() => page.getByRole('checkbox', { name: /^Refine detection/, checked: true }).count())
      .toBe(1);
    await tabTo(/^Refine detection 1/);
    await press('Space');
    await press('Space');
    expect(
      await page
        .getByRole('checkbox', { name: /^Refine detection 1/ })
        .first()
        .isChecked(),
    ).toBe(true);
  });

  it('grows its mask and takes that back', async () => {
    const { page } = studio;
    const undo = page.getByRole('button', { name: /^Undo/ });
    await press('n');
    await press('Alt+Equal');
    await expect.poll(() => undo.getAttribute('aria-label'), SOON).toMatch(/Mask changed/);
    await press('Control+z');
    await expect.poll(() => undo.getAttribute('aria-label'), SOON).not.toMatch(/Mask changed/);
    await press('Control+y');
    await expect.poll(() => undo.getAttribute('aria-label'), SOON).toMatch(/Mask changed/);
  });

  it('refines it, compares and exports', async () => {
    const { page } = studio;
    await press('Control+Enter');
    await jobEnds();
    await expect.poll(status, SOON).toMatch(/Refined in/);
    await press('m');
    await press('m');
    const split = page.getByRole('slider', { name: /before and after split/ });
    await split.waitFor();
    await press('c');
    await page.keyboard.down('Backquote');
    await page.keyboard.up('Backquote');
    await command('compare: refined');
    const download = page.waitForEvent('download', { timeout: 120_000 });
    await press('Control+Shift+E');
    const bytes = await readFile(await (await download).path());
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect((await focus()).lost).toBe(false);
  });

  it('gives the focus back where dialogs and menus had it from', async () => {
    const { page } = studio;
    for (const [key, name] of [
      ['Control+k', 'Find a command'],
      ['Control+Comma', 'Settings'],
      ['F1', 'Keyboard shortcuts'],
    ] as const) {
      await tabTo(/^Refine \d+ detection$/);
      await page.keyboard.press(key);
      const dialog = page.getByRole('dialog', { name, exact: true });
      await dialog.waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      await expect
        .poll(async () => (await focus()).name, { ...SOON, message: name })
        .toMatch(/^Refine \d+ detection$/);
    }
  });

  it('gives a command other keys, which work at once and after a reload', async () => {
    const { page } = studio;
    await page.keyboard.press('F1');
    await page.getByLabel('Search shortcuts').waitFor();
    await page.getByLabel('Search shortcuts').focus();
    await page.keyboard.type('overview');
    await tabTo(/^Overview on or off: none\. Change/);
    await press('Enter');
    await press('Control+w');
    await page.getByText('Chrome keeps these keys').waitFor();
    await press('e');
    await page.getByText('E already does: Eraser').waitFor();
    await tabTo(/^Cancel$/);
    await press('Enter');
    await press('Enter');
    await press('Shift+o');
    await expect.poll(async () => (await focus()).name, SOON).toMatch(/^Overview on or off: Shift O/);
    await press('Escape');
    const map = page.getByRole('application', { name: /^Visible part/ });
    // It shows while only a part of the picture does.
    await page.keyboard.press('Control+2');
    await map.waitFor();
    await page.keyboard.press('Shift+o');
    await map.waitFor({ state: 'hidden' });
    await page.waitForTimeout(800);
    await page.reload();
    await page.keyboard.press('F1');
    await page.getByRole('button', { name: /^Overview on or off: Shift O/ }).waitFor();
    await page.keyboard.press('Escape');
  });

  it('had no errors', () => {
    expect(studio.complaints).toEqual([]);
  });
});
