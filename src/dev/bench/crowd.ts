import type { CDPSession, Locator, Page } from 'playwright';
import { crowdActs, type Act } from './crowd-acts.ts';
import { crowdFiles } from './crowd-files.ts';
import { clearClock, readClock } from './paint-clock.ts';
import { percentile, printTable, type Row } from './report.ts';

const SIDE_PX = 4096;
const CONCEPTS = 50;
const EACH = 20;
/** One layer is duplicated this often: 256 of them. */
const DOUBLINGS = 8;
const TIMES = 10;
/** What a change brings with it later, e.g. its plan, belongs to it too. */
const REST_MS = 300;
const JOB_MS = 10 * 60_000;

/** Milliseconds per act; the longest task of the main thread among them all. */
interface Measured {
  readonly values: readonly number[];
  readonly longestTask: number;
}

/**
 * A document of 1,000 detections in the whole page: brought in as a COCO file, then handled as a user would, with
 * nothing else going on, with 256 layers, and while a refinement runs.
 */
export async function measureCrowd(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const heaps: Row[] = [
    ['', 'MB'],
    ['before', await heap(cdp)],
  ];
  const listedMs = await open(page);
  heaps.push(['1,000 detections', await heap(cdp)]);
  const idle = await allActs(page);
  heaps.push(['after all acts', await heap(cdp)]);
  const layers = await stackLayers(page);
  const stacked = await allActs(page);
  heaps.push([`${layers} layers, after all acts again`, await heap(cdp)]);
  const busy = await whileRefining(page, () => allActs(page));
  const figures = (measured: Measured | undefined) => measured && columns(measured);
  printTable(`${CONCEPTS * EACH} detections of ${CONCEPTS} concepts in the whole page, from input to paint`, [
    [
      '',
      'idle p50',
      'p95',
      'longest task',
      `${layers} layers p50`,
      'p95',
      'longest',
      'refining p50',
      'p95',
      'longest',
    ],
    ['COCO file chosen, list painted', listedMs.toFixed(0)],
    ...[...idle].map(([label, measured]): Row => {
      const others = [stacked.get(label), busy.get(label)].flatMap((one) => figures(one) ?? []);
      return [label, ...columns(measured), ...others];
    }),
  ]);
  printTable('memory its scripts hold', heaps);
}

function columns({ values, longestTask }: Measured): string[] {
  const [p50, p95] = [0.5, 0.95].map((share) => percentile(values, share).toFixed(0));
  return [p50 ?? '', p95 ?? '', longestTask > 0 ? longestTask.toFixed(0) : '< 50'];
}

async function allActs(page: Page): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>();
  for (const [label, act] of Object.entries(await crowdActs(page)))
    measured.set(label, await repeated(page, act));
  return measured;
}

/** Of an act with several events the longest counts, of a drag each of them. */
async function repeated(page: Page, { run, isDrag }: Act): Promise<Measured> {
  const values: number[] = [];
  const longTasks = [0];
  for (let i = 0; i < (isDrag ? 1 : TIMES); i++) {
    await clearClock(page);
    await run(i);
    await page.waitForTimeout(REST_MS);
    const seen = await readClock(page);
    values.push(...(isDrag ? seen.paints : [Math.max(...seen.paints)]));
    longTasks.push(...seen.longTasks);
  }
  return { values, longestTask: Math.max(...longTasks) };
}

/** Milliseconds from the chosen file to the painted list. */
async function open(page: Page): Promise<number> {
  const { picture, masks } = crowdFiles(SIDE_PX, CONCEPTS, EACH);
  const input = page.locator('input[type=file][accept^="image/png"][accept*=".safetensors"]');
  await input.setInputFiles({ name: 'crowd.png', mimeType: 'image/png', buffer: picture });
  await page.getByText(`${SIDE_PX} × ${SIDE_PX}`).first().waitFor({ timeout: JOB_MS });
  await page.evaluate(`(${watchList})(${CONCEPTS})`);
  await input.setInputFiles({ name: 'crowd.json', mimeType: 'application/json', buffer: masks });
  return (await page.evaluate('globalThis.lunaListed')) as number;
}

/** Runs in the page, by its text alone. */
function watchList(count: number): void {
  let chosen = 0;
  addEventListener('change', () => (chosen = performance.now()), { capture: true, once: true });
  const painted = new MessageChannel();
  const listed = new Promise<number>((resolve) => {
    painted.port1.onmessage = () => resolve(performance.now() - chosen);
    const look = () => {
      if (chosen > 0 && document.querySelectorAll('#concepts li.concept').length >= count)
        painted.port2.postMessage(null);
      else requestAnimationFrame(look);
    };
    look();
  });
  Object.assign(globalThis, { lunaListed: listed });
}

const stopButton = (page: Page): Locator => page.getByRole('button', { name: /^Stop/ }).first();

/** Paints the selected detection and duplicates its layer again and again; answers how many there are. */
async function stackLayers(page: Page): Promise<number> {
  await page.locator('[data-detection]').first().click();
  await page.keyboard.press('Alt+Enter');
  const rows = page.locator('[role=treegrid] [role=row]');
  await rows.first().waitFor({ timeout: JOB_MS });
  await stopButton(page).waitFor({ state: 'hidden', timeout: JOB_MS });
  await rows.first().click();
  for (let i = 0; i < DOUBLINGS; i++) {
    await rows.first().focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+j');
    await page.waitForTimeout(1000);
  }
  await showMasks(page);
  return rows.count();
}

/** A run hides them for its result to be judged. */
async function showMasks(page: Page): Promise<void> {
  if ((await page.locator('.badge').count()) <= 1) await page.keyboard.press('Backslash');
  await page.locator('.badge').nth(1).waitFor();
}

async function whileRefining<T>(page: Page, run: () => Promise<T>): Promise<T> {
  await page.getByRole('button', { name: /^Refine [\d,]+ detection/ }).click();
  const stop = stopButton(page);
  await stop.waitFor();
  // Networks load first; the steps are what keeps the worker busy.
  await page.waitForTimeout(4000);
  await showMasks(page);
  const result = await run();
  if (!(await stop.isVisible()))
    throw new Error('the run ended before the hand did: there is nothing to compare');
  await stop.click();
  await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
  return result;
}

/** What scripts of the page hold after garbage is collected. */
async function heap(cdp: CDPSession): Promise<string> {
  await cdp.send('HeapProfiler.collectGarbage');
  return ((await cdp.send('Runtime.getHeapUsage')).usedSize / 2 ** 20).toFixed(1);
}
