import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import type { Locator, Page } from 'playwright';
import type { Recipe } from '#domain/job/request.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import { readChunks } from '#formats/png/chunks.ts';
import { readTexts } from '#formats/png/text.ts';

const JOB_MS = 10 * 60_000;

/** An exported picture: its pixels, and what it says about how it was made. */
export interface Exported {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
  readonly recipe: Recipe;
}

/** Where two pictures of one size differ, in pixels; null where they are the same. */
export function difference(a: Exported, b: Exported): Rect<'canvas'> | null {
  if (a.width !== b.width || a.height !== b.height) throw new Error('pictures of different sizes');
  const { width } = a;
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (let i = 0; i < width * a.height; i++) {
    if (levels(a, b, i) === 0) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top, right, bottom] = [
      Math.min(left, x),
      Math.min(top, y),
      Math.max(right, x),
      Math.max(bottom, y),
    ];
  }
  if (right < 0) return null;
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 } as Rect<'canvas'>;
}

/** The largest difference of a colour, of 255. */
export function largestDifference(a: Exported, b: Exported): number {
  let largest = 0;
  for (let i = 0; i < a.width * a.height; i++) largest = Math.max(largest, levels(a, b, i));
  return largest;
}

function levels(a: Exported, b: Exported, pixel: number): number {
  const [at, bt] = [pixel * a.channels, pixel * b.channels];
  return Math.max(...[0, 1, 2].map((c) => Math.abs(a.data[at + c]! - b.data[bt + c]!)));
}

/** Whether one rectangle lies within another that is this much larger on every side. */
export function isWithin(inner: Rect<'canvas'>, outer: Rect<'canvas'>, marginPx: number): boolean {
  const ends = (from: number, length: number) => [from, from + length] as const;
  const inside = (a: readonly [number, number], b: readonly [number, number]) =>
    a[0] >= b[0] - marginPx && a[1] <= b[1] + marginPx;
  return (
    inside(ends(inner.x, inner.width), ends(outer.x, outer.width)) &&
    inside(ends(inner.y, inner.height), ends(outer.y, outer.height))
  );
}

/** Writes down every call of a worker that runs networks, from before the page's own scripts. */
export async function noteRuns(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const runs: string[] = [];
    Object.assign(globalThis, { lunaRuns: runs });
    const NETWORKS = /^(detect|concepts\.(look|pick)|layers\.(refine|vary))$/;
    const post = Worker.prototype.postMessage as (this: Worker, ...parts: unknown[]) => void;
    Worker.prototype.postMessage = function (this: Worker, ...parts: unknown[]): void {
      const path = (parts[0] as { path?: string[] }).path?.join('.') ?? '';
      if (NETWORKS.test(path)) runs.push(path);
      post.apply(this, parts);
    };
  });
  await page.reload();
}

/** The studio as a user of layers and history handles it. */
export class LayersPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** What has run networks so far, see {@link noteRuns}. */
  runs(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as { lunaRuns: string[] }).lunaRuns);
  }

  button(name: RegExp | string): Locator {
    return this.page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
  }

  get rows(): Locator {
    return this.page.getByRole('treegrid', { name: 'Layers' }).getByRole('row');
  }

  row(name: string): Locator {
    return this.rows.filter({ has: this.page.getByText(name, { exact: true }) });
  }

  stale(name: string): Locator {
    return this.row(name).getByText(/^Out of date\./);
  }

  /** Clicks the name: other parts of a line have meanings of their own. */
  async select(name: string, key?: 'Shift' | 'Control'): Promise<void> {
    await this.row(name)
      .getByText(name, { exact: true })
      .click({ modifiers: key ? [key] : [] });
  }

  async setNumber(label: string, value: number): Promise<void> {
    const field = this.page.getByRole('spinbutton', { name: label, exact: true });
    await field.fill(String(value));
    await field.blur();
  }

  /** A canvas and an export of 1024 px: what is painted is quick. */
  async smallCanvas(): Promise<void> {
    await this.documentSettings();
    for (const label of ['Canvas', 'Export'])
      await this.page.getByLabel(label, { exact: true }).selectOption({ label: '1024 px' });
  }

  /** The section is folded whenever the document's settings are opened again. */
  async setSteps(steps: number): Promise<void> {
    await this.page.getByRole('heading', { name: 'Sampling' }).click();
    await this.setNumber('Steps', steps);
  }

  async documentSettings(): Promise<void> {
    const back = this.button('Document settings');
    if (await back.isVisible()) await back.click();
  }

  /** Does something that starts a job and waits for its end; answers what the bar says then. */
  async job(start: () => Promise<void>): Promise<string> {
    const bar = this.page.getByRole('region', { name: 'Run' });
    await start();
    const stop = bar.getByRole('button', { name: /^Stop/ });
    await stop.waitFor({ timeout: 5000 }).catch(() => undefined);
    await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
    return bar.getByRole('status').innerText();
  }

  async export(): Promise<Exported> {
    const download = this.page.waitForEvent('download', { timeout: 60_000 });
    await this.button(/^Export PNG/).click();
    const png = new Uint8Array(await readFile(await (await download).path()));
    const { width, height, channels, data } = decode(png);
    const texts = await readTexts(readChunks(png));
    const recipe = JSON.parse(texts.get('luna') ?? '') as Recipe;
    return { width, height, channels, data: data as Uint8Array, recipe };
  }

  /** What the page shows of the picture. */
  async shown(): Promise<string> {
    const stage = (await this.page.getByRole('application', { name: /^Picture/ }).boundingBox())!;
    const side = Math.min(stage.width, stage.height) - 64;
    const [x, y] = [stage.x + (stage.width - side) / 2, stage.y + (stage.height - side) / 2];
    const shot = await this.page.screenshot({ clip: { x, y, width: side, height: side } });
    return shot.toString('base64');
  }

  /** The lines of the history, and the one the document is at. */
  async history(): Promise<{ readonly steps: string[]; readonly present: string }> {
    await this.button('History and snapshots').click();
    const list = this.page.getByRole('listbox', { name: 'Steps' });
    await list.waitFor();
    const options = list.getByRole('option');
    const steps = (await options.allInnerTexts()).map((text) => text.replace(/\s*undone$/, '').trim());
    const present = await list.getByRole('option', { selected: true }).innerText();
    await this.button('Close the history').click();
    return { steps, present };
  }

  async restore(snapshot: string): Promise<void> {
    await this.button('History and snapshots').click();
    await this.button(`Go back to ${snapshot}`).click();
    await this.button('Close the history').click();
  }
}
