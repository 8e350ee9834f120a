import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type RunningStudio } from './studio.ts';

/** Every key of the table of shortcuts, pressed in the browser (spec/reliability-ux.md §5). */
const JOB_MS = 10 * 60_000;
const SOON = { timeout: 10_000 };

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  const { page } = studio;
  page.setDefaultTimeout(8000);
  await page.getByText('Portrait in teal').click();
  await page.getByText('1024 × 1024').waitFor();
  await page.getByLabel('Canvas', { exact: true }).selectOption({ label: '1024 px' });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/shortcuts-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

const button = (name: RegExp | string) => studio.page.getByRole('button', { name, exact: true });
const bar = () => studio.page.getByRole('region', { name: 'Run', exact: true });
const canvas = () => studio.page.getByRole('application', { name: /^Picture\./ });
const ticked = () => studio.page.getByRole('checkbox', { name: /^Refine detection/, checked: true });
const detections = () => studio.page.getByRole('checkbox', { name: /^Refine detection/ });
const undoLabel = () => button(/^(Undo|Nothing to undo)/).getAttribute('aria-label');
const number = async (label: string) =>
  Number(await studio.page.getByRole('spinbutton', { name: label, exact: true }).inputValue());
const dialog = (name: string) => studio.page.getByRole('dialog', { name, exact: true });
const layerRows = () => studio.page.getByRole('treegrid').getByRole('row');

async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) await studio.page.keyboard.press(key);
}

/** What is said of the canvas to those who cannot see it. */
async function summary(): Promise<string> {
  return (await canvas().getAttribute('aria-description')) ?? '';
}

const zoom = async () => Number(/zoom ([\d.]+)%/.exec(await summary())?.[1]);

async function middle(): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await canvas().boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

/** Drags from the middle of the canvas. */
async function drag(
  dx: number,
  dy: number,
  mouseButton: 'left' | 'middle' | 'right' = 'left',
): Promise<void> {
  const { mouse } = studio.page;
  const { x, y } = await middle();
  await mouse.move(x, y);
  await mouse.down({ button: mouseButton });
  await mouse.move(x + dx, y + dy, { steps: 5 });
  await mouse.up({ button: mouseButton });
}

async function jobEnds(): Promise<void> {
  const stop = bar().getByRole('button', { name: /^Stop/ });
  await stop.waitFor({ state: 'visible', timeout: 30_000 }).catch(() => undefined);
  await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
}

describe('keys', () => {
  it('zoom and move the picture', async () => {
    const { page } = studio;
    await canvas().focus();
    for (const [key, percent] of [
      ['Control+1', 100],
      ['Control+2', 200],
      ['Control+3', 400],
      ['Control+4', 800],
    ] as const) {
      await press(key);
      await expect.poll(zoom, SOON).toBe(percent);
    }
    await press('Minus');
    expect(await zoom()).toBe(600);
    await press('Equal');
    expect(await zoom()).toBe(800);
    await press('Control+0');
    const fitted = await zoom();
    expect(fitted).toBeLessThan(100);
    const { x, y } = await middle();
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -300);
    await expect.poll(zoom, SOON).toBeGreaterThan(fitted);
    const map = page.getByRole('application', { name: /^Visible part/ }).locator('span');
    const left = () => map.evaluate((frame) => parseFloat((frame as HTMLElement).style.left));
    await press('Control+2');
    const before = await left();
    await drag(200, 0, 'middle');
    await expect.poll(left, SOON).toBeLessThan(before);
    await page.keyboard.down('Space');
    await drag(-200, 0);
    await page.keyboard.up('Space');
    await expect.poll(left, SOON).toBeCloseTo(before, 0);
    await press('Control+0');
  });

  it('follow the habits of Photoshop when asked to', async () => {
    const { page } = studio;
    await command('as in photoshop');
    const { x, y } = await middle();
    await canvas().focus();
    await press('Control+1');
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 100);
    await page.waitForTimeout(100);
    expect(await zoom()).toBe(100);
    await page.keyboard.down('Alt');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Alt');
    await expect.poll(zoom, SOON).toBeGreaterThan(100);
    await press('Control+1');
    await page.keyboard.down('Control');
    await page.keyboard.down('Space');
    await page.mouse.click(x, y);
    await expect.poll(zoom, SOON).toBe(150);
    await drag(50, 0);
    await expect.poll(zoom, SOON).toBeGreaterThan(200);
    await page.keyboard.up('Space');
    await page.keyboard.up('Control');
    await command('the studio’s own');
    await press('Control+0');
  });

  it('take every tool', async () => {
    for (const [key, name] of [
      ['b', 'Brush: add to the mask'],
      ['e', 'Eraser: remove from the mask'],
      ['l', 'Lasso'],
      ['p', 'Polygon'],
      ['u', 'Rectangle'],
      ['w', 'Click an object'],
      ['h', 'Move the picture'],
      ['i', 'Pick a detection'],
      ['v', 'Select and move'],
    ] as const) {
      await press(key);
      await expect.poll(() => button(name).getAttribute('aria-pressed'), SOON).toBe('true');
    }
    await press('l', 'Escape');
    await expect.poll(() => button('Select and move').getAttribute('aria-pressed'), SOON).toBe('true');
  });

  it('size, harden and thin the brush', async () => {
    const { page } = studio;
    await canvas().focus();
    await press('b', 'd');
    const [size, hardness] = [await number('Size'), await number('Hardness')];
    await press('BracketRight');
    expect(await number('Size')).toBeGreaterThan(size);
    await press('BracketLeft', 'BracketLeft');
    expect(await number('Size')).toBeLessThan(size);
    await press('Shift+BracketLeft', 'Shift+BracketLeft');
    expect(await number('Hardness')).toBe(hardness - 20);
    await press('Shift+BracketRight');
    expect(await number('Hardness')).toBe(hardness - 10);
    await press('3');
    expect(await number('Opacity')).toBe(30);
    await press('0');
    expect(await number('Opacity')).toBe(100);
    const before = await number('Size');
    await page.keyboard.down('Alt');
    await drag(40, 60, 'right');
    await page.keyboard.up('Alt');
    expect(await number('Size')).toBeGreaterThan(before);
    expect(await number('Hardness')).toBeLessThan(hardness - 10);
    const wider = await number('Size');
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, 100);
    await page.keyboard.up('Control');
    await expect.poll(() => number('Size'), SOON).toBeLessThan(wider);
    await press('d');
    expect([await number('Size'), await number('Hardness')]).toEqual([size, hardness]);
    await press('x');
    await expect
      .poll(() => button('Eraser: remove from the mask').getAttribute('aria-pressed'), SOON)
      .toBe('true');
    await press('x', 'v');
  });

  it('stay out of dialogs: digits, letters and what changes the document', async () => {
    const { page } = studio;
    await press('b', '7');
    expect(await number('Opacity')).toBe(70);
    await press('Control+Comma');
    await dialog('Settings').waitFor();
    await press('3', 'e', 'Control+z');
    await press('Escape');
    await dialog('Settings').waitFor({ state: 'hidden' });
    expect(await number('Opacity')).toBe(70);
    expect(await button('Brush: add to the mask').getAttribute('aria-pressed')).toBe('true');
    await command('single keys on or off');
    await canvas().focus();
    await press('3', 'e');
    expect(await number('Opacity')).toBe(70);
    expect(await button('Brush: add to the mask').getAttribute('aria-pressed')).toBe('true');
    await command('single keys on or off');
    await canvas().focus();
    await press('0', 'v');
    await expect.poll(() => page.getByRole('group', { name: 'Tool options' }).count(), SOON).toBe(0);
  });

  it('leave the asking for a key before the sheet', async () => {
    const { page } = studio;
    await press('F1');
    const sheet = dialog('Keyboard shortcuts');
    await page.getByLabel('Search shortcuts').fill('overview');
    await sheet.getByRole('button', { name: /^Overview on or off: none\. Change/ }).click();
    await press('e');
    await page.getByText('E already does: Eraser').waitFor();
    await press('Escape');
    await page.getByText('E already does: Eraser').waitFor({ state: 'hidden' });
    expect(await sheet.isVisible()).toBe(true);
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')), SOON)
      .toMatch(/^Overview on or off: none/);
    await press('Enter');
    await press('Escape');
    expect(await sheet.isVisible()).toBe(true);
    await press('Escape');
    await sheet.waitFor({ state: 'hidden' });
  });

  it('detect, and go through what was found', async () => {
    await canvas().focus();
    await press('Shift+d');
    await jobEnds();
    await expect.poll(() => detections().count(), SOON).toBeGreaterThan(3);
    const all = await detections().count();
    await press('Control+d');
    await expect.poll(() => ticked().count(), SOON).toBe(0);
    await press('Control+a');
    await expect.poll(() => ticked().count(), SOON).toBe(all);
    await press('n', 't');
    await expect.poll(() => ticked().count(), SOON).toBe(all - 1);
    await press('Control+Shift+i');
    await expect.poll(() => ticked().count(), SOON).toBe(1);
    expect(await summary()).toMatch(/selected: \w+ 1,/);
    await press('n');
    expect(await summary()).toMatch(/selected: \w+ 2,/);
    await press('Shift+n');
    expect(await summary()).toMatch(/selected: \w+ 1,/);
  });

  it('change masks, hide them, and take it all back', async () => {
    const { page } = studio;
    await press('Shift+v');
    await expect.poll(undoLabel, SOON).toMatch(/Mask changed/);
    await press('Control+z');
    await expect.poll(undoLabel, SOON).not.toMatch(/Mask changed/);
    for (const key of ['Alt+Equal', 'Alt+Minus']) {
      await press(key);
      await expect.poll(undoLabel, SOON).toMatch(/Mask changed/);
      await press('Control+z');
      await expect.poll(undoLabel, SOON).not.toMatch(/Mask changed/);
    }
    await press('Control+Shift+z');
    await expect.poll(undoLabel, SOON).toMatch(/Mask changed/);
    await press('Control+z', 'Control+y');
    await expect.poll(undoLabel, SOON).toMatch(/Mask changed/);
    await press('Control+z');
    await press('Backslash');
    await expect.poll(summary, SOON).toMatch(/Masks hidden/);
    await button(/^Masks hidden/).click();
    await expect.poll(summary, SOON).not.toMatch(/Masks hidden/);
    await canvas().focus();
    await press('Control+Alt+KeyS');
    await page.getByText('Snapshot 1 is kept.').waitFor();
    const all = await detections().count();
    await press('Delete');
    await expect.poll(() => detections().count(), SOON).toBe(all - 1);
    await press('Control+z');
    await expect.poll(() => detections().count(), SOON).toBe(all);
  });

  it('run, stop, and run what is selected alone', async () => {
    const { page } = studio;
    await press('Control+d', 'n', 't');
    await expect.poll(() => ticked().count(), SOON).toBe(1);
    await press('Control+Enter');
    const stop = bar().getByRole('button', { name: /^Stop/ });
    await stop.waitFor();
    await press('Escape');
    expect(await stop.isVisible()).toBe(true);
    await press('Shift+x');
    await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
    await expect.poll(() => bar().innerText(), SOON).toMatch(/Stopped/);
    await page.getByRole('checkbox', { name: /^Refine detection/, checked: true }).waitFor();
    await canvas().focus();
    await press('Alt+Enter');
    await jobEnds();
    await expect.poll(() => layerRows().count(), SOON).toBe(1);
    await page.getByRole('button', { name: /^Masks hidden/ }).waitFor();
  });

  it('go through layers, order, copy, merge and remove them', async () => {
    await canvas().focus();
    await press('Alt+BracketRight');
    expect(await summary()).toMatch(/selected: \w+ \d,/);
    // What is selected in the list is outlined on the picture.
    const outlines = () => studio.page.locator('svg[data-layers]').getAttribute('data-layers');
    expect(await outlines()).toBe('1');
    await press('Control+j');
    await expect.poll(() => layerRows().count(), SOON).toBe(2);
    const selectedRow = () =>
      layerRows().evaluateAll((rows) =>
        rows.findIndex((row) => row.getAttribute('aria-selected') === 'true'),
      );
    const top = await selectedRow();
    await press(top === 0 ? 'Control+BracketLeft' : 'Control+BracketRight');
    await expect.poll(selectedRow, SOON).toBe(1 - top);
    await press(top === 0 ? 'Control+BracketRight' : 'Control+BracketLeft');
    await expect.poll(selectedRow, SOON).toBe(top);
    await press('Alt+BracketLeft', 'Alt+BracketRight', 'Alt+BracketRight');
    await expect.poll(selectedRow, SOON).toBe(0);
    await press('Control+e');
    await expect.poll(() => layerRows().count(), SOON).toBe(1);
    await press('Control+z');
    await expect.poll(() => layerRows().count(), SOON).toBe(2);
    await press('Alt+BracketRight', 'Delete');
    await expect.poll(() => layerRows().count(), SOON).toBe(1);
  });

  it('compare', async () => {
    const { page } = studio;
    const chosen = () =>
      page.getByRole('radio', { checked: true, name: /^(Refined|Original|Slider|Side|Blink|Diff)/ });
    const mode = () => chosen().getAttribute('aria-label');
    await canvas().focus();
    for (const name of ['Original', 'Slider', 'Side by side', 'Blink', 'Difference', 'Refined']) {
      await press('m');
      await expect.poll(mode, SOON).toBe(name);
    }
    await press('c');
    await expect.poll(mode, SOON).toBe('Original');
    await press('c');
    await page.keyboard.down('Backquote');
    await page.locator('main').getByText('Original', { exact: true }).waitFor();
    await page.keyboard.up('Backquote');
    await page.locator('main').getByText('Original', { exact: true }).waitFor({ state: 'hidden' });
    const loupe = page.getByRole('application', { name: /^Loupe/ });
    await page.keyboard.down('z');
    await loupe.waitFor();
    await page.keyboard.up('z');
    await loupe.waitFor({ state: 'hidden' });
    await press('Shift+z');
    await loupe.waitFor();
    await press('Shift+z');
    await loupe.waitFor({ state: 'hidden' });
  });

  it('open and close panels and dialogs', async () => {
    const { page } = studio;
    await canvas().focus();
    await press('Shift+l');
    await button('Show concepts').waitFor();
    await press('Shift+l', 'Shift+r');
    await button('Show settings').waitFor();
    await press('Shift+r');
    for (const [key, name] of [
      ['Control+k', 'Find a command'],
      ['Control+Comma', 'Settings'],
      ['Shift+?', 'Keyboard shortcuts'],
    ] as const) {
      await press(key);
      await dialog(name).waitFor();
      await press('Escape');
      await dialog(name).waitFor({ state: 'hidden' });
    }
    await press('Shift+c');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.classList.contains('phrase')), SOON)
      .toBe(true);
    await press('Escape');
  });

  it('reach theme, language, presets and popovers by words', async () => {
    const { page } = studio;
    await command('theme: light');
    await page.locator('html[data-theme=light]').waitFor();
    await command('theme: dark');
    await page.locator('html[data-theme=dark]').waitFor();
    await command('deutsch');
    await page.locator('html[lang=de]').waitFor();
    await command('sprache english', 'Befehl finden');
    await page.locator('html[lang=en]').waitFor();
    await command('history and snapshots');
    await page.getByRole('listbox', { name: 'Steps' }).waitFor();
    await press('Escape');
    await command('zoom to 200');
    await expect.poll(zoom, SOON).toBe(200);
  });

  it('ran without errors', () => {
    expect(studio.complaints).toEqual([]);
  });
});

/** Chooses a command by words in the palette. */
async function command(words: string, name = 'Find a command'): Promise<void> {
  const { page } = studio;
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name }).fill(words);
  await page.keyboard.press('Enter');
  await dialog(name).waitFor({ state: 'hidden' });
  await page.waitForTimeout(50);
}
