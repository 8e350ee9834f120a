import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { decode } from 'fast-png';
import type { Locator, Page } from 'playwright';
import { readChunks } from '#formats/png/chunks.ts';
import { readTexts } from '#formats/png/text.ts';
import type { Recipe } from '#domain/job/request.ts';

/** An exported picture: its pixels, and what it says about how it was made. */
export interface Exported {
  readonly pixels: Uint8Array;
  readonly recipe: Recipe;
}

/** The studio as a user of the Models view handles it. */
export class ModelsPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  get view(): Locator {
    return this.page.getByRole('dialog', { name: 'Models' });
  }

  /** The button in the header; says which image model is in use and how much lies on the device. */
  get chip(): Locator {
    return this.page.getByRole('button', { name: /^Models: / });
  }

  async open(tab?: 'Library' | 'Get models' | 'Memory'): Promise<void> {
    if (!(await this.view.isVisible())) await this.chip.click();
    if (tab) await this.view.getByRole('tab', { name: tab }).click();
  }

  async close(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.view.waitFor({ state: 'hidden' });
  }

  /** The field of a role, which names what is chosen: "Choose: Image model. a.safetensors". */
  role(name: string): Locator {
    return this.view.getByRole('button', { name: new RegExp(`^Choose: ${name}`) });
  }

  /** A file of the library, or one that cannot be used, which says this of itself. */
  row(name: string, says: string | RegExp): Locator {
    return this.view.getByRole('listitem').filter({ hasText: name }).filter({ hasText: says }).last();
  }

  /** Drags a folder or file of this machine's disk onto the page, as a file manager does. */
  async dropFromDisk(path: string): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data });
    await session.detach();
  }

  async says(sentence: RegExp | string): Promise<void> {
    await this.page.getByText(sentence).first().waitFor();
  }

  async setStrength(lora: string, strength: number): Promise<void> {
    await this.open();
    const field = this.view.getByRole('spinbutton', { name: `Strength of ${lora}` });
    await field.fill(String(strength));
    await field.blur();
    await this.settled();
  }

  /** Models that are being changed cannot be chosen. */
  async settled(): Promise<void> {
    await this.view.locator('button[aria-label^="Choose: Image model"]:enabled').waitFor();
  }

  get #run(): Locator {
    return this.page.getByRole('region', { name: 'Run' });
  }

  async startRefining(): Promise<void> {
    await this.page.getByRole('button', { name: 'Refine 1 detection' }).click();
  }

  /** Refines and waits for the end; answers what the bar says then. */
  async refine(): Promise<string> {
    await this.startRefining();
    const stop = this.#run.getByRole('button', { name: /^Stop/ });
    await stop.waitFor({ timeout: 5000 }).catch(() => undefined);
    await stop.waitFor({ state: 'hidden', timeout: 10 * 60_000 });
    return this.#run.innerText();
  }

  async export(): Promise<Exported> {
    const download = this.page.waitForEvent('download', { timeout: 60_000 });
    await this.page.getByRole('button', { name: /^Export PNG/ }).click();
    const png = new Uint8Array(await readFile(await (await download).path()));
    const texts = await readTexts(readChunks(png));
    return {
      pixels: Uint8Array.from(decode(png).data),
      recipe: JSON.parse(texts.get('luna') ?? '') as Recipe,
    };
  }

  /** Answers the folder picker, which headless browsers cannot show, with a folder of the browser's own storage. */
  async answerPicker(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
    const given = Object.entries(files).map(([name, bytes]) => [basename(name), [...bytes]] as const);
    await this.page.evaluate(
      async ([name, contents]) => {
        const root = await navigator.storage.getDirectory();
        const handle = await root.getDirectoryHandle(name, { create: true });
        for (const [fileName, bytes] of contents) {
          const file = await handle.getFileHandle(fileName, { create: true });
          const writable = await file.createWritable();
          await writable.write(Uint8Array.from(bytes));
          await writable.close();
        }
        Object.assign(globalThis, { showDirectoryPicker: () => Promise.resolve(handle) });
      },
      [folder, given] as const,
    );
  }

  /** What the user does who closes the picker. */
  async cancelPicker(): Promise<void> {
    await this.page.evaluate(() => {
      const showDirectoryPicker = () =>
        Promise.reject(new DOMException('The user aborted a request.', 'AbortError'));
      Object.assign(globalThis, { showDirectoryPicker });
    });
  }
}
