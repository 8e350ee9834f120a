import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type RunningStudio } from './studio.ts';

const JOB_MS = 10 * 60_000;

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
  await studio.page.getByText('Portrait in teal').click();
  await studio.page.getByText('1024 × 1024').waitFor();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/masks-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

const button = (name: RegExp | string) => studio.page.getByRole('button', { name });
const panel = () => studio.page.getByRole('region', { name: 'Mask commands' });
const canvas = () => studio.page.getByRole('application', { name: /^Picture/ });
const detections = () => studio.page.getByRole('checkbox', { name: /^Refine detection/ });

/** A point of the picture, in its pixels, on the page. */
async function at(x: number, y: number): Promise<readonly [number, number]> {
  const box = (await canvas().boundingBox())!;
  const side = Math.min(box.width, box.height) - 64;
  const [left, top] = [box.x + (box.width - side) / 2, box.y + (box.height - side) / 2];
  return [left + (x / 1024) * side, top + (y / 1024) * side];
}

async function drag(points: readonly (readonly [number, number])[]): Promise<void> {
  const { mouse } = studio.page;
  const [first, ...rest] = points;
  await mouse.move(...(await at(...first!)));
  await mouse.down();
  for (const point of rest) await mouse.move(...(await at(...point)), { steps: 4 });
  await mouse.up();
}

async function click(x: number, y: number): Promise<void> {
  await studio.page.mouse.click(...(await at(x, y)));
}

async function openPanel(): Promise<void> {
  if (!(await panel().isVisible()))
    await studio.page.getByRole('button', { name: 'Mask commands', exact: true }).click();
}

/** It lies over the left part of the picture. */
async function closePanel(): Promise<void> {
  await button('Close the mask commands').click();
  await panel().waitFor({ state: 'hidden' });
}

async function saved(label: string): Promise<Uint8Array> {
  await openPanel();
  const download = studio.page.waitForEvent('download', { timeout: 120_000 });
  await panel().getByRole('button', { name: label, exact: true }).click();
  const bytes = new Uint8Array(await readFile(await (await download).path()));
  await closePanel();
  return bytes;
}

/** The selected mask as the export writes it: 0 or 255 per pixel. */
async function mask(): Promise<Uint8Array> {
  const { width, height, channels, data } = decode(await saved('Save as PNG'));
  expect([width, height, channels]).toEqual([1024, 1024, 1]);
  return data as Uint8Array;
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const count = (pixels: Uint8Array) => pixels.reduce((sum, value) => sum + (value ? 1 : 0), 0);
const inside = (pixels: Uint8Array, x: number, y: number) => pixels[y * 1024 + x] === 255;

async function load(name: string, text: string | Uint8Array): Promise<void> {
  await openPanel();
  const mimeType = name.endsWith('json') ? 'application/json' : 'image/png';
  const file = { name, mimeType, buffer: Buffer.from(text) };
  await panel().locator('input[type=file]').setInputFiles(file);
  await closePanel();
}

describe('masks by hand', () => {
  it('make a region where nothing was found, and refine just that', async () => {
    const { page } = studio;
    expect(await detections().count()).toBe(0);
    await page.keyboard.press('b');
    await drag([
      [300, 300],
      [420, 320],
    ]);
    await expect.poll(() => detections().count()).toBe(1);
    await page.getByLabel('What is it?').fill('cheek');
    await page.getByLabel('What is it?').press('Enter');
    await page
      .getByLabel(/^Concept \d+: what to look for$/)
      .last()
      .waitFor();
    await button('Document settings').click();
    await page.getByLabel('Canvas', { exact: true }).selectOption({ label: '1024 px' });
    await button(/^Refine 1 detection$/).waitFor();
    await page.keyboard.press('v');
    await click(360, 310);
    await canvas().press('Alt+Enter');
    await expect
      .poll(() => page.getByRole('region', { name: 'Run' }).getByRole('status').innerText(), {
        timeout: JOB_MS,
      })
      .toMatch(/Refined in/);
  });

  it('are drawn by lasso, by corners and by keys alone, and taken back step by step', async () => {
    const { page } = studio;
    const painted = count(await mask());
    await page.keyboard.press('l');
    await drag([
      [600, 600],
      [700, 600],
      [700, 700],
      [600, 700],
      [600, 605],
    ]);
    const lasso = await mask();
    expect(count(lasso) - painted).toBeGreaterThan(9000);
    expect(inside(lasso, 650, 650)).toBe(true);

    await page.keyboard.press('p');
    for (const [x, y] of [
      [100, 600],
      [200, 600],
      [200, 700],
      [900, 900],
    ] as const)
      await click(x, y);
    await canvas().press('Backspace');
    await canvas().press('Enter');
    const polygon = await mask();
    expect(inside(polygon, 190, 650)).toBe(true);
    expect(inside(polygon, 500, 800)).toBe(false);

    await page.keyboard.press('u');
    await canvas().focus();
    await canvas().press('ArrowUp');
    await canvas().press('Space');
    for (let i = 0; i < 3; i++) await canvas().press('Shift+ArrowRight');
    await canvas().press('Shift+ArrowDown');
    await canvas().press('Enter');
    const rectangle = await mask();
    expect(count(rectangle)).toBeGreaterThan(count(polygon) + 5000);

    await page.keyboard.press('Control+z');
    expect(same(await mask(), polygon)).toBe(true);
    await page.keyboard.press('Control+z');
    expect(same(await mask(), lasso)).toBe(true);
    await page.keyboard.press('Control+Shift+z');
    expect(same(await mask(), polygon)).toBe(true);
  });

  it('are inverted, and combined with another detection', async () => {
    const { page } = studio;
    const first = await mask();
    await page.keyboard.press('Shift+v');
    expect(count(await mask())).toBe(1024 * 1024 - count(first));
    await page.keyboard.press('Shift+v');
    await page.keyboard.press('v');
    await click(960, 60);
    await page.keyboard.press('u');
    await click(150, 560);
    await click(250, 660);
    await expect.poll(() => detections().count()).toBe(2);
    const second = await mask();
    await openPanel();
    await panel().getByRole('button', { name: 'Subtract' }).click();
    await closePanel();
    const cut = await mask();
    const both = first.filter((value, i) => value !== 0 && second[i] !== 0).length;
    expect(both).toBeGreaterThan(100);
    expect(count(cut)).toBe(count(second) - both);
  });

  it('come back from their file as they were; of another shape they are refused', async () => {
    const { page } = studio;
    const before = await mask();
    const file = await saved('Save as PNG');
    await page.keyboard.press('Shift+v');
    await load('mask.png', file);
    await expect.poll(async () => same(await mask(), before)).toBe(true);
    await load('narrow.json', JSON.stringify({ size: [512, 100], counts: [51200] }));
    await page.getByText(/narrow\.json.*100 × 512.*another shape/).waitFor();
    await load('half.json', JSON.stringify({ size: [512, 512], counts: [0, 512 * 256, 512 * 256] }));
    await page.getByRole('button', { name: 'Scale it' }).click();
    await expect.poll(async () => count(await mask())).toBe(1024 * 512);
    await page.keyboard.press('Control+z');
    expect(count(await mask())).toBe(count(before));
  });

  it('cut detections out with a soft transparent edge', async () => {
    const { width, height, channels, data } = decode(await saved('Cut out, transparent'));
    expect(channels).toBe(4);
    expect(Math.max(width, height)).toBeLessThan(1024);
    const alphas = Array.from({ length: width * height }, (_, i) => data[4 * i + 3]!);
    expect(alphas).toContain(0);
    expect(alphas).toContain(255);
    expect(alphas.some((alpha) => alpha > 30 && alpha < 225)).toBe(true);
  });

  it('are found by a click and corrected by another', async () => {
    const { page } = studio;
    await page.keyboard.press('w');
    const options = page.getByRole('group', { name: 'Tool options' });
    await options.waitFor();
    const number = await detections().count();
    // A detection is selected, so clicks would correct it.
    await options.getByRole('radio', { name: 'New object' }).check();
    await click(512, 300);
    await expect.poll(() => detections().count(), { timeout: 120_000 }).toBe(number + 1);
    const found = await mask();
    expect(inside(found, 512, 300)).toBe(true);
    await options.getByRole('button', { name: 'Next reading' }).click();
    expect(same(await mask(), found)).toBe(false);
    await options.getByRole('button', { name: 'Previous reading' }).click();
    expect(same(await mask(), found)).toBe(true);
    await page.keyboard.down('Alt');
    await click(512, 230);
    await page.keyboard.up('Alt');
    await expect.poll(async () => same(await mask(), found), { timeout: 60_000 }).toBe(false);
    expect(await detections().count()).toBe(number + 1);
    expect(await options.getByRole('radio', { name: 'Add' }).isChecked()).toBe(true);
    await canvas().press('Enter');
    expect(await options.getByRole('radio', { name: 'New object' }).isChecked()).toBe(true);
    expect(await options.getByRole('radio', { name: 'Add' }).isDisabled()).toBe(true);
  });

  it('ran without errors in the console and without a request to anywhere else', () => {
    expect(studio.complaints).toEqual([]);
  });
});
