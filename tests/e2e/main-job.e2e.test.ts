import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resizeRaster } from '#domain/resample/resize.ts';
import { readChunks } from '#formats/png/chunks.ts';
import { readTexts } from '#formats/png/text.ts';
import type { Recipe } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { openStudio, type RunningStudio } from './studio.ts';

/** Generous: CI may have two slow cores and everything runs on the CPU there. */
const JOB_MS = 35 * 60_000;

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

const bar = () => studio.page.getByRole('region', { name: 'Run' });
const button = (name: RegExp | string) => studio.page.getByRole('button', { name });

/** Waits until the running job has ended, i.e. its Stop button is gone. */
async function jobEnds(): Promise<void> {
  const stop = bar().getByRole('button', { name: /^Stop/ });
  await stop.waitFor({ state: 'visible', timeout: 30_000 }).catch(() => undefined);
  await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
}

async function exportedPng(): Promise<Uint8Array<ArrayBuffer>> {
  const download = studio.page.waitForEvent('download', { timeout: 120_000 });
  await button(/^Export PNG/).click();
  return new Uint8Array(await readFile(await (await download).path()));
}

function rasterOf(png: Uint8Array): Raster8<'canvas'> {
  const { width, height, data, channels } = decode(png);
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgba[i * 4 + c] = data[i * channels + c]!;
  return { width, height, data: rgba };
}

async function textsOf(png: Uint8Array<ArrayBuffer>): Promise<Map<string, string>> {
  return readTexts(readChunks(png));
}

/** Mean absolute difference of the colours inside a rectangle given in fractions. */
function difference(
  a: Raster8,
  b: Raster8,
  box: { x: number; y: number; width: number; height: number },
): number {
  let sum = 0;
  let count = 0;
  for (let y = Math.floor(box.y * a.height); y < (box.y + box.height) * a.height; y += 3)
    for (let x = Math.floor(box.x * a.width); x < (box.x + box.width) * a.width; x += 3, count++)
      for (let c = 0; c < 3; c++)
        sum += Math.abs(a.data[(y * a.width + x) * 4 + c]! - b.data[(y * a.width + x) * 4 + c]!) / 3;
  return sum / count;
}

async function setSelect(label: string, option: string): Promise<void> {
  await studio.page.getByLabel(label, { exact: true }).selectOption({ label: option });
}

/** A PNG that says it is 20000 px wide, cut behind its header. */
async function widePng(): Promise<Buffer> {
  const bytes = Buffer.from(await readFile('models/demo/samples/garden.png')).subarray(0, 400);
  bytes.writeUInt32BE(20000, 16);
  return bytes;
}

function safetensors(header: object, dataBytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

function overlapping(): Buffer {
  const entry = (begin: number) => ({ dtype: 'F32', shape: [2], data_offsets: [begin, begin + 8] });
  return safetensors({ a: entry(0), b: entry(4) }, 12);
}

/** The tensors by which a Stable Diffusion 1.x UNet is told from SDXL. */
function otherFamily(): Buffer {
  const prefix = 'model.diffusion_model.';
  const shapes = {
    [`${prefix}input_blocks.0.0.weight`]: [320, 4, 3, 3],
    [`${prefix}time_embed.0.weight`]: [1280, 320],
    [`${prefix}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight`]: [320, 768],
  };
  let at = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const bytes = 2 * shape.reduce((product, dim) => product * dim, 1);
    at += bytes;
    return [name, { dtype: 'F16', shape, data_offsets: [at - bytes, at] }] as const;
  });
  return safetensors(Object.fromEntries(entries), at);
}

/** The demo IP-Adapter with one matrix turned on its side: as many bytes, another shape. */
async function wrongShape(): Promise<Buffer> {
  const file = await readFile('models/demo/ip-adapter.safetensors');
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Record<string, { shape: number[] }>;
  header['ip_adapter.1.to_k_ip.weight']!.shape.reverse();
  const data = file.subarray(8 + length);
  return Buffer.concat([safetensors(header, 0), data]);
}

/** The ordinary picture is the open document. */
const stillOpen = () => studio.page.getByRole('banner').getByText('appIcon.png').waitFor();

describe('the main job', () => {
  it('finds the concepts of a sample, refines them at 4096 px and exports the result with its recipe', async () => {
    const { page } = studio;
    await page.getByText('Portrait in teal').click();
    await page.getByText('1024 × 1024').waitFor();
    await button(/^Detect/).click();
    await jobEnds();
    await expect.poll(() => bar().getByRole('status').innerText()).toMatch(/Found \d+ detections? for/);
    const ticked = await page.getByRole('checkbox', { name: /^Refine detection/ }).count();
    expect(ticked).toBeGreaterThanOrEqual(3);

    await button(/^Refine \d+ detections?$/).click();
    await jobEnds();
    await expect.poll(() => bar().getByRole('status').innerText()).toMatch(/Refined in/);

    const png = await exportedPng();
    const refined = rasterOf(png);
    expect([refined.width, refined.height]).toEqual([4096, 4096]);
    const texts = await textsOf(png);
    expect(texts.get('parameters')).toMatch(
      /face.*\n(?:.*\n)?Steps: \d+, Sampler: .*Seed: \d+.*Size: 4096x4096/,
    );
    const recipe = JSON.parse(texts.get('luna')!) as Recipe;
    expect(recipe.source.size).toEqual({ width: 1024, height: 1024 });
    expect(recipe.models.map(({ role }) => role)).toContain('sam3');

    const sample = rasterOf(await readFile('models/demo/samples/portrait.png'));
    const upscaled = resizeRaster<'canvas'>(sample, { width: 4096, height: 4096 });
    const face = recipe.request.detections.find(
      ({ conceptId, enabled }) =>
        enabled && recipe.request.concepts.some(({ id, phrase }) => id === conceptId && phrase === 'face'),
    )!;
    const inFace = difference(refined, upscaled, face.box);
    expect(inFace).toBeGreaterThan(0.5);
    expect(inFace).toBeLessThan(40);
    expect(difference(refined, upscaled, { x: 0, y: 0, width: 1, height: 1 })).toBeLessThan(20);

    const path = join(tmpdir(), `luna-e2e-${process.pid}.png`);
    await writeFile(path, png);
    await page.locator('input[type=file]').first().setInputFiles(path);
    await page.getByText('carries the settings it was made with.').waitFor({ timeout: 60_000 });
    await button('Picture and settings').click();
    await page.getByText('Settings taken over.').first().waitFor();
    expect(await page.getByRole('checkbox', { name: /^Refine detection/ }).count()).toBe(ticked);
  });

  it('refines an ordinary PNG that is not ours', async () => {
    const { page } = studio;
    const ordinary = 'node_modules/playwright-core/lib/server/chromium/appIcon.png';
    await page.locator('input[type=file]').first().setInputFiles(ordinary);
    await page.getByText('400 × 400').waitFor();
    await setSelect('Canvas', '1024 px');
    await setSelect('Export', '1024 px');
    await page.getByLabel('Concept 1: what to look for').fill('face');
    await button(/^Detect/).click();
    await jobEnds();
    await button(/^Refine /).click();
    await jobEnds();
    await expect.poll(() => bar().getByRole('status').innerText()).toMatch(/Refined in/);
    const png = await exportedPng();
    const refined = rasterOf(png);
    expect([refined.width, refined.height]).toEqual([1024, 1024]);
    const source = rasterOf(await readFile(ordinary));
    const upscaled = resizeRaster<'canvas'>(source, { width: 1024, height: 1024 });
    const change = difference(refined, upscaled, { x: 0.2, y: 0.2, width: 0.6, height: 0.6 });
    expect(change).toBeGreaterThan(0.05);
    expect(change).toBeLessThan(40);
    expect(JSON.parse((await textsOf(png)).get('luna')!)).toMatchObject({
      source: { size: { width: 400, height: 400 } },
    });
  });

  it('stops within a step and keeps the picture', async () => {
    const { page } = studio;
    await button('Document settings').click();
    await setSelect('Canvas', '2048 px');
    await button(/^Refine /).click();
    await page.waitForTimeout(1500);
    await bar().getByRole('button', { name: /^Stop/ }).click();
    await jobEnds();
    await expect.poll(() => bar().getByRole('status').innerText()).toMatch(/Stopped/);
    await stillOpen();
  });

  it('answers bad files with a sentence and leaves the document alone', async () => {
    const { page } = studio;
    const sample = await readFile('models/demo/samples/garden.png');
    const png = { mimeType: 'image/png' };
    const weights = { mimeType: 'application/octet-stream' };
    const files = [
      {
        ...png,
        name: 'cut.png',
        buffer: sample.subarray(0, 2000),
        sentence: /cut\.png.*(damaged|truncated)/,
      },
      {
        ...png,
        name: 'notes.png',
        buffer: Buffer.from('just text, not a picture'),
        sentence: /notes\.png.*not a PNG/,
      },
      { ...png, name: 'wide.png', buffer: await widePng(), sentence: /wide\.png.*20000/ },
      { ...weights, name: 'model.ckpt', buffer: Buffer.from('pickle'), sentence: /model\.ckpt.*pickle/ },
      { ...weights, name: 'noise.safetensors', buffer: Buffer.alloc(64, 7), sentence: /noise\.safetensors/ },
      {
        ...weights,
        name: 'overlap.safetensors',
        buffer: overlapping(),
        sentence: /overlap\.safetensors.*overlaps/,
      },
      { ...weights, name: 'old.safetensors', buffer: otherFamily(), sentence: /old\.safetensors.*1\.x/ },
      {
        ...weights,
        name: 'bent.safetensors',
        buffer: await wrongShape(),
        sentence: /bent\.safetensors.*to_k_ip/,
      },
    ];
    for (const { sentence, ...file } of files) {
      await page.locator('input[type=file]').first().setInputFiles(file);
      await page.getByText(sentence).first().waitFor({ timeout: 20_000 });
      await stillOpen();
    }
  });

  it('ran without errors in the console and without a request to anywhere else', () => {
    expect(studio.complaints).toEqual([]);
  });
});
