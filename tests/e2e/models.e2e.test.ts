import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addLargeFile, LARGE_BYTES, PATHS, styleLora, writeComfyFolder } from './models-folder.ts';
import { ModelsPage, type Exported } from './models-page.ts';
import { openStudio, type RunningStudio } from './studio.ts';

const OWN = 'luna-own.safetensors';
const LORA = 'teal-style.safetensors';
const LARGE = 'large-vae.safetensors';

let studio: RunningStudio;
let models: ModelsPage;
/** Where the linked folder lies. */
let disk: string;
let folder: string;

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), 'luna-models-'));
  folder = join(disk, 'AI');
  await writeComfyFolder(folder);
  studio = await openStudio();
  studio.page.setDefaultTimeout(20_000);
  models = new ModelsPage(studio.page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
  await rm(disk, { recursive: true, force: true });
});

/** Share of the bytes in which two pictures differ. */
function changed(a: Exported, b: Exported): number {
  expect(a.pixels.length).toBe(b.pixels.length);
  return a.pixels.reduce((count, value, i) => count + Number(value !== b.pixels[i]), 0) / a.pixels.length;
}

async function setNumber(label: string, value: number): Promise<void> {
  const field = studio.page.getByRole('spinbutton', { name: label, exact: true });
  await field.fill(String(value));
  await field.blur();
}

/** A small job on a sample: one mask painted by hand, one step, nothing else. */
async function smallJob(): Promise<void> {
  const { page } = studio;
  await page.getByText('Portrait in teal').click();
  await page.getByText('1024 × 1024').waitFor();
  for (const label of ['Canvas', 'Export'])
    await page.getByLabel(label, { exact: true }).selectOption({ label: '1024 px' });
  await page.getByRole('switch', { name: 'Refine the whole picture' }).click();
  await page.getByRole('heading', { name: 'Sampling' }).click();
  await setNumber('Steps', 1);
  await page.getByRole('slider', { name: 'Prompt strictness' }).press('Home');
  await page.getByLabel('Concept 1: what to look for').click();
  await setNumber('Strength', 0.8);
  await page.getByRole('button', { name: 'Paint a mask by hand' }).click();
  const box = (await page.getByLabel(/^Picture\. Arrow keys/).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x - 60, y - 40);
  await page.mouse.down();
  await page.mouse.move(x + 60, y + 40, { steps: 6 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Refine 1 detection' }).waitFor();
}

async function unloadAll(): Promise<void> {
  await models.open('Memory');
  await models.view.getByRole('button', { name: 'Unload all' }).click();
  await models.view.getByText('Nothing is loaded. Networks come when a run needs them.').waitFor();
}

async function pictureAndModelsStay(): Promise<void> {
  await studio.page.getByRole('banner').getByText('portrait.png').waitFor();
  await models.chip.getByText('luna-own').waitFor();
}

async function readFolderAgain(files: number): Promise<void> {
  await models.open('Library');
  await models.view.getByRole('button', { name: 'Look for new files in AI' }).click();
  await models.view.getByText(`ComfyUI · ${files} model files`).waitFor();
}

const loadedBytes = async () =>
  Number(/, ([\d.]+) MB loaded/.exec((await models.chip.getAttribute('aria-label'))!)?.[1] ?? 0);

describe('the Models view', () => {
  it('explains itself at the first visit, keeps the focus and gives it back', async () => {
    const { page } = studio;
    await page.getByRole('button', { name: 'Models: Demo pack' }).click();
    await models.view.getByRole('heading', { name: 'Use your own models' }).waitFor();
    await models.view.getByRole('heading', { name: 'Now running: the demo pack' }).waitFor();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press(i % 3 === 2 ? 'Shift+Tab' : 'Tab');
      expect(await models.view.evaluate((view) => view.contains(document.activeElement))).toBe(true);
    }
    await models.close();
    expect(await models.chip.evaluate((chip) => chip === document.activeElement)).toBe(true);
  });

  it('lists a dropped folder, every file with what it is or why it cannot be used', async () => {
    await models.dropFromDisk(folder);
    await models.says('Linked AI: 9 model files.');
    const usable = {
      [OWN]: /small SDXL-family checkpoint/,
      'own-vae.safetensors': /autoencoder \(TAESD\) with 16 latent channels/,
      'own-vision.safetensors': /CLIP vision model: 4 layers, 64 wide/,
      'own-adapter.safetensors': /IP-Adapter \(plus, 16 tokens\)/,
      'own-sam3.safetensors': /SAM 3/,
      [LORA]: /LoRA/,
    };
    for (const [name, sentence] of Object.entries(usable)) await models.row(name, sentence).waitFor();
    await models.view.getByText('Cannot be used (4)').click();
    const refused = {
      'old.ckpt': /pickle file.*Convert it/,
      'cut.safetensors': /may be truncated/,
      'noise.safetensors': /header claims/,
      'sd15.safetensors': /Stable Diffusion 1\.x/,
    };
    for (const [name, sentence] of Object.entries(refused)) {
      await models.row(name, sentence).waitFor();
      expect(await models.view.getByRole('button', { name: `Use ${name}` }).count()).toBe(0);
    }
  });

  it('links what the folder picker answers, and nothing when it is closed', async () => {
    const { view } = models;
    await models.cancelPicker();
    await view.getByRole('button', { name: 'Link folder…' }).click();
    await models.answerPicker('more-loras', { 'second.safetensors': styleLora() });
    await view.getByRole('button', { name: 'Link folder…' }).click();
    await models.says('Linked more-loras: 1 model file.');
    await view.getByRole('button', { name: 'Use second.safetensors as LoRAs' }).waitFor();
    await view.getByRole('button', { name: 'Unlink more-loras' }).click();
    await models.says('Unlinked more-loras. Its files are untouched.');
    await view.getByText('second.safetensors').waitFor({ state: 'detached' });
  });

  it('brings along what belongs to a checkpoint, stacks a LoRA and says the plan in words', async () => {
    const { view } = models;
    await view.getByRole('button', { name: `Use ${OWN} as Image model` }).click();
    await models.role(`Image model\\. ${OWN}`).waitFor();
    for (const [role, name] of [
      ['Autoencoder', 'own-vae'],
      ['Detector', 'own-sam3'],
      ['Image anchor', 'own-adapter'],
      ['Vision tower', 'own-vision'],
    ] as const)
      await models.role(`${role}\\. ${name}`).waitFor();
    await view.getByRole('button', { name: `Use ${LORA} as LoRAs` }).click();
    await models.setStrength(LORA, 0.8);
    expect(await view.getByText(/match(es)? nothing/).count()).toBe(0);
    await models.open('Memory');
    await view.getByText(/^At most [\d.]+ [MG]B of [\d.]+ GB, in phases one after another\.$/).waitFor();
    await view.getByText('Nothing is loaded. Networks come when a run needs them.').waitFor();
    await models.close();
    await models.chip.getByText('luna-own').waitFor();
  });

  let first: Exported;

  it('refines with it, and with another strength differently', async () => {
    await smallJob();
    expect(await models.refine()).toMatch(/Refined in/);
    first = await models.export();
    expect(first.recipe.models).toContainEqual(
      expect.objectContaining({ role: 'lora', name: LORA, strength: 0.8 }),
    );
    expect(first.recipe.models).toContainEqual(expect.objectContaining({ role: 'checkpoint', name: OWN }));
    await models.setStrength(LORA, -0.4);
    await models.close();
    expect(await models.refine()).toMatch(/Refined in/);
    const second = await models.export();
    expect(changed(first, second)).toBeGreaterThan(0.001);
  });

  it('shows what lies on the device, takes it off, and repeats the first result to the byte', async () => {
    const { view } = models;
    const before = await loadedBytes();
    expect(before).toBeGreaterThan(1);
    await models.open('Memory');
    await view.getByRole('button', { name: 'Unload Image model from the device' }).click();
    await models.says('Unloaded. It comes back when it is next needed.');
    await view.getByText(/^Image model [\d.]+ MB$/).waitFor({ state: 'detached' });
    await expect.poll(loadedBytes).toBeLessThan(before);
    await unloadAll();
    await models.setStrength(LORA, 0.8);
    await models.close();
    expect(await models.refine()).toMatch(/Refined in/);
    expect(changed(first, await models.export())).toBe(0);
  });

  it('keeps picture and models when a broken file is chosen', async () => {
    const checkpoint = await readFile(join(folder, PATHS.checkpoint));
    await models.open('Library');
    await models.view.locator('input[type=file][multiple]').setInputFiles({
      name: 'half.safetensors',
      mimeType: 'application/octet-stream',
      buffer: checkpoint.subarray(0, 5_000_000),
    });
    await models.says(/half\.safetensors.*may be truncated/);
    await models.role(`Image model\\. ${OWN}`).waitFor();
    expect(await models.view.getByText('half.safetensors').count()).toBe(0);
    await models.close();
    await pictureAndModelsStay();
    expect(changed(first, await models.export())).toBe(0);
  });

  it('says when a file in use changed or went away, and goes on once the folder was read again', async () => {
    const path = join(folder, PATHS.lora);
    await unloadAll();
    await models.close();
    await writeFile(path, styleLora());
    await utimes(path, new Date(), new Date(Date.now() + 5000));
    await models.startRefining();
    await models.says(/teal-style\.safetensors" changed while it was being read/);
    await readFolderAgain(9);
    await models.close();
    expect(await models.refine()).toMatch(/Refined in/);
    expect(changed(first, await models.export())).toBe(0);
    await unloadAll();
    await models.close();
    await rm(path);
    await models.startRefining();
    await models.says(/teal-style\.safetensors" is no longer where it was/);
    await writeFile(path, styleLora());
    await readFolderAgain(9);
    await models.view.getByRole('spinbutton', { name: `Strength of ${LORA}` }).waitFor();
    await models.close();
  });

  it('stops a copy in its middle and goes on from there', async () => {
    const { view } = models;
    await addLargeFile(folder);
    await readFolderAgain(10);
    await view.getByRole('button', { name: `Make ${LARGE} available offline` }).click();
    const transfers = view.getByRole('region', { name: 'Transfers' });
    const bar = transfers.getByRole('progressbar', { name: `Copying ${LARGE}` });
    const percent = async () => Number(await bar.getAttribute('aria-valuenow'));
    await expect.poll(percent, { interval: 10, timeout: 20_000 }).toBeGreaterThan(0);
    await transfers.getByRole('button', { name: `Stop: Copying ${LARGE}` }).click();
    await transfers.getByText(/Stopped\. What has arrived is kept/).waitFor();
    const stopped = await percent();
    expect(stopped).toBeGreaterThan(0);
    expect(stopped).toBeLessThan(100);
    expect(await view.getByRole('button', { name: `Remove the offline copy of ${LARGE}` }).count()).toBe(0);
    await transfers.getByRole('button', { name: 'Resume' }).click();
    await transfers.waitFor({ state: 'detached' });
    await view.getByRole('button', { name: `Remove the offline copy of ${LARGE}` }).click();
    await models.says(`Removed the offline copy of ${LARGE}.`);
  });

  it('says when the browser has no room, and lists nothing half-copied', async () => {
    const { view, page } = models;
    const session = await page.context().newCDPSession(page);
    const { usage } = await page.evaluate(() => navigator.storage.estimate());
    const quotaSize = usage! + LARGE_BYTES / 2;
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(page.url()).origin, quotaSize });
    await view.getByRole('button', { name: `Make ${LARGE} available offline` }).click();
    const transfers = view.getByRole('region', { name: 'Transfers' });
    await transfers.getByText(/browser's storage is full: "large-vae\.safetensors" needs .* more/).waitFor();
    expect(await view.getByRole('button', { name: `Remove the offline copy of ${LARGE}` }).count()).toBe(0);
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(page.url()).origin });
    await session.detach();
    await transfers.getByRole('button', { name: 'Resume' }).click();
    await transfers.waitFor({ state: 'detached' });
    await view.getByRole('button', { name: `Remove the offline copy of ${LARGE}` }).waitFor();
    await models.close();
    await pictureAndModelsStay();
  });

  it('keeps a copy for offline use, begins the next visit with it, and goes on without it', async () => {
    const { view } = models;
    await models.open('Library');
    await view.getByRole('button', { name: `Make ${OWN} available offline` }).click();
    await models.says(`${OWN} works offline now.`);
    await models.row(OWN, 'kept offline').getByRole('button', { name: /^Use / }).click();
    await view.getByText(/^kept offline · models\/checkpoints · 11 MB$/).waitFor();
    await studio.page.reload();
    await models.says(/is as you left it/);
    await models.chip.getByText(/luna-own|Demo pack/).waitFor();
    // Chrome may or may not ask again after a reload; giving the folder again answers that either way.
    await models.dropFromDisk(folder);
    await models.says('Linked AI: 10 model files.');
    await models.chip.getByText('luna-own').waitFor();
    await view.getByText('ComfyUI · 10 model files').waitFor();
    await view.getByText(/^kept offline · models\/checkpoints · 11 MB$/).waitFor();
    expect(await view.getByRole('spinbutton', { name: `Strength of ${LORA}` }).inputValue()).toBe('0.8');
    await view.getByRole('button', { name: `Remove the offline copy of ${OWN}` }).click();
    await models.says(`Removed the offline copy of ${OWN}.`);
    await models.role('Image model\\. checkpoint\\.safetensors').waitFor();
    await models.close();
    await studio.page.getByRole('button', { name: 'Models: Demo pack' }).waitFor();
  });

  it('ran without errors in the console and without a request to anywhere else', async () => {
    expect((await stat(join(folder, PATHS.large))).size).toBeGreaterThan(LARGE_BYTES);
    expect(studio.complaints).toEqual([]);
  });
});
