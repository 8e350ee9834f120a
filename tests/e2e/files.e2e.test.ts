import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '#formats/png/encode.ts';
import { textChunk } from '#formats/png/text.ts';
import { loadAxe, violationsOf } from './axe.ts';
import { openStudio, type RunningStudio } from './studio.ts';

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };
const PARAMETERS = [
  'a lighthouse on a cliff, (sharp focus:1.2), <lora:film grain:0.6>',
  'Negative prompt: fog, lowres',
  'Steps: 28, Sampler: DPM++ 3M SDE, Schedule type: Exponential, CFG scale: 6.5, Seed: 123456, Size: 96x64, Model: anotherXL_v2, Denoising strength: 0.45, Clip skip: 2, Version: v1.10.1',
].join('\n');
const WORKFLOW = {
  '3': {
    class_type: 'KSampler',
    inputs: {
      ...{ seed: 77, steps: 12, cfg: 4.5, sampler_name: 'heun', scheduler: 'simple', denoise: 0.3 },
      ...{ model: ['4', 0], positive: ['6', 0], negative: ['7', 0] },
    },
  },
  '4': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'workflow-model.safetensors' } },
  '6': { class_type: 'CLIPTextEncode', inputs: { text: 'a harbour at dawn', clip: ['4', 1] } },
  '7': { class_type: 'CLIPTextEncode', inputs: { text: 'people', clip: ['4', 1] } },
  '9': { class_type: 'IPAdapterAdvanced', inputs: { weight: 0.8 } },
};

let studio: RunningStudio;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'luna-files-'));
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
  await studio.page.emulateMedia({ reducedMotion: 'reduce' });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/files-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true });
});

const button = (name: RegExp | string) => studio.page.getByRole('button', { name, exact: true });
const card = () => studio.page.getByRole('region', { name: /^(“|The pasted text)/ });
const opened = (name: string) => studio.page.getByRole('banner').getByText(name).waitFor();
const focused = () => studio.page.evaluate(() => document.activeElement?.textContent.trim() ?? '');

/** A picture of A1111, 96 × 64 px. */
async function lighthouse(): Promise<Uint8Array> {
  const data = Uint8ClampedArray.from({ length: 96 * 64 * 4 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
  const png = await encodePng({ width: 96, height: 64, data }, [textChunk('parameters', PARAMETERS)]);
  return new Uint8Array(await png.arrayBuffer());
}

/** A file from outside the browser, let go over the picture. */
async function drop(name: string, content: string | Uint8Array): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, content);
  const session = await studio.page.context().newCDPSession(studio.page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 400, data });
  await session.detach();
}

/** "Steps: 20 → 28" of every row. */
async function rows(): Promise<Record<string, string>> {
  const terms = await card().locator('dt').allInnerTexts();
  const values = await card().locator('dd').allInnerTexts();
  return Object.fromEntries(terms.map((term, i) => [term, (values[i] ?? '').replace(/\s+/g, ' ')]));
}

const value = (label: string) => studio.page.getByLabel(label, { exact: true }).first().inputValue();

describe('a picture with settings of another tool', () => {
  it('opens where none is open, and offers them', async () => {
    await drop('first.png', await lighthouse());
    await opened('first.png');
    await card().getByText('carries settings of A1111').waitFor();
    await button('Settings only').waitFor({ state: 'detached' });
    await button('Picture only').click();
    await card().waitFor({ state: 'hidden' });
    expect(await value('Steps')).not.toBe('28');
  });

  it('asks before it takes the place of another, and says what would change', async () => {
    await studio.page.getByText('Sampling', { exact: true }).click();
    await studio.page.getByText('Noise', { exact: true }).click();
    await drop('second.png', await lighthouse());
    await card().getByText('“second.png” carries settings of A1111.').waitFor();
    await opened('first.png');
    expect(await rows()).toMatchObject({
      'Whole picture: Paint': expect.stringMatching(
        /^empty → becomes a lighthouse on a cliff, \(sharp/,
      ) as string,
      'Whole picture: Avoid': 'empty → becomes fog, lowres',
      Steps: expect.stringMatching(/→ becomes 28$/) as string,
      Schedule: expect.stringMatching(/→ becomes Exponential$/) as string,
      Seed: '1 → becomes 123456',
      'Whole picture: Strength': expect.stringMatching(/→ becomes 0.45$/) as string,
      'Prompt syntax': 'ComfyUI → becomes A1111',
    });
    const notes = await card().locator('li').allInnerTexts();
    expect(notes.join('\n')).toMatch(/anotherXL_v2[^]*film grain \(0.6\)[^]*DPM\+\+ 3M SDE[^]*Clip skip/);
    expect(await value('Steps')).not.toBe('28');
  });

  it('is asked about without a fault, in both themes and sizes', async () => {
    const { page } = studio;
    await loadAxe(page);
    await page.keyboard.press('Control+Comma');
    await page.getByLabel('Theme').selectOption({ label: 'Like the system' });
    await page.keyboard.press('Escape');
    for (const size of [WIDE, NARROW])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
        expect(await violationsOf(page), `${colorScheme} ${size.width}`).toEqual([]);
        const inside = await card().evaluate((element) => {
          const [own, around] = [
            element.getBoundingClientRect(),
            element.parentElement!.getBoundingClientRect(),
          ];
          return own.left >= around.left && own.right <= around.right && own.bottom <= around.bottom;
        });
        expect(inside, `inside at ${size.width}`).toBe(true);
      }
    await page.setViewportSize(WIDE);
  });

  it('gives its settings alone, by keys, as one step that can be taken back', async () => {
    const { page } = studio;
    await card().focus();
    for (let i = 0; i < 8 && (await focused()) !== 'Settings only'; i++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('Settings only');
    await page.keyboard.press('Enter');
    await card().waitFor({ state: 'hidden' });
    await opened('first.png');
    expect([await value('Steps'), await value('Seed'), await value('Sampler')]).toEqual([
      '28',
      '123456',
      'DPM++ 2M',
    ]);
    await page.getByRole('application', { name: /^Picture/ }).press('Control+z');
    await expect.poll(() => value('Steps')).not.toBe('28');
    expect(await value('Seed')).toBe('1');
    await page.getByRole('application', { name: /^Picture/ }).press('Control+Shift+z');
    await expect.poll(() => value('Steps')).toBe('28');
    await page.getByRole('application', { name: /^Picture/ }).press('Control+z');
  });

  it('gives both', async () => {
    await drop('third.png', await lighthouse());
    await button('Picture and settings').click();
    await opened('third.png');
    await expect.poll(() => value('Seed')).toBe('123456');
  });

  it('can be asked for them again', async () => {
    const { page } = studio;
    await page.getByText('Settings found in the file').click();
    await button('Compare and take over…').click();
    await studio.page.getByText('nothing would change').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('nothing would change').waitFor({ state: 'hidden' });
  });
});

describe('texts', () => {
  const paste = async (text: string) => {
    const { page } = studio;
    await page.evaluate((value) => navigator.clipboard.writeText(value), text);
    const surface = page.getByRole('application', { name: /^Picture/ });
    await surface.focus();
    await surface.press('Control+v');
  };

  it('with parameters are offered when pasted', async () => {
    await paste(PARAMETERS.replace('Steps: 28', 'Steps: 9'));
    await card().getByText('The pasted text holds settings of A1111.').waitFor();
    expect(await rows()).toEqual({ Steps: '28 → becomes 9' });
    await button('Take the settings').click();
    await expect.poll(() => value('Steps')).toBe('9');
  });

  it('that are not complete are told how, and others are left alone', async () => {
    const { page } = studio;
    await paste('Sampler: Euler');
    await page.getByText('looks like settings, but is not complete').waitFor();
    const before = await page.locator('[data-sonner-toast]').count();
    await paste('just a sentence');
    await page.waitForTimeout(300);
    expect(await page.locator('[data-sonner-toast]').count()).toBeLessThanOrEqual(before);
    expect(await card().count()).toBe(0);
  });

  it('of a ComfyUI workflow are followed to what was sampled', async () => {
    await drop('workflow.json', JSON.stringify(WORKFLOW));
    await card().getByText('“workflow.json” carries settings of ComfyUI.').waitFor();
    expect(await rows()).toMatchObject({
      'Whole picture: Paint': expect.stringMatching(/becomes a harbour at dawn$/) as string,
      Sampler: expect.stringMatching(/becomes Heun$/) as string,
      Seed: '123456 → becomes 77',
    });
    expect((await card().locator('li').allInnerTexts()).join()).toContain('IPAdapterAdvanced');
    await button('Leave the settings').click();
    expect(await value('Seed')).toBe('123456');
  });

  it('in JSON that is nothing of this say what is read', async () => {
    await drop('package.json', await readFile('package.json'));
    await studio.page.getByText('“package.json” holds nothing this studio reads. It takes masks').waitFor();
  });
});

it('the export follows the canvas until it is set apart', async () => {
  const { page } = studio;
  const canvas = page.getByLabel('Canvas', { exact: true });
  const exported = page.getByLabel('Export', { exact: true });
  await canvas.selectOption({ label: '1024 px' });
  expect(await exported.inputValue()).toBe(await canvas.inputValue());
  await exported.selectOption({ label: '2048 px' });
  const apart = await exported.inputValue();
  await canvas.selectOption({ label: '4096 px' });
  expect(await exported.inputValue()).toBe(apart);
});

it('nothing was complained about', () => {
  expect(studio.complaints).toEqual([]);
});
