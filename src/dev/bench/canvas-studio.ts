import type { Page } from 'playwright';
import { clearClock, readClock, type Seen } from './paint-clock.ts';
import { percentile, printTable, times, type Row } from './report.ts';

const JOB_MS = 10 * 60_000;
/** Pointer moves per round, one per frame. */
const MOVES = 150;

/**
 * The built studio with a 4096² document: a hand pans, zooms and paints while nothing runs and while the demo pack
 * refines it in this very browser.
 */
export async function measureStudio(page: Page): Promise<void> {
  await openDetected(page);
  const busy = await whileRefining(page);
  // Afterwards the canvas is as large as during the run.
  const idle = await round(page);
  const row = (label: string, pick: (seen: Seen) => number[]): Row => {
    const [still, running] = [pick(idle), pick(busy)].map((values) => percentile(values, 0.95));
    return [
      label,
      ms(pick(idle), 0.5),
      ms(pick(idle), 0.95),
      ms(pick(busy), 0.5),
      ms(pick(busy), 0.95),
      times((running ?? 0) / (still || 1)),
    ];
  };
  printTable('the studio, a 4096 × 4096 document of the demo pack', [
    ['', 'idle p50', 'p95', 'refining p50', 'p95', 'p95 over idle'],
    row('pan and zoom: camera move to drawing', ({ views }) => views),
    row('page frames while the hand moves', ({ frames }) => frames),
    row('interaction: pointer, wheel and key to the next paint', ({ events }) => events),
    row('brush: pointer to painted mask', ({ strokes }) => strokes),
  ]);
}

const ms = (values: readonly number[], share: number): string =>
  values.length > 0 ? percentile(values, share).toFixed(1) : '–';

async function openDetected(page: Page): Promise<void> {
  await page.getByText('Portrait in teal').click();
  await page.getByText('1024 × 1024').waitFor();
  await page.getByRole('button', { name: /^Detect/ }).click();
  await page
    .getByRole('checkbox', { name: /^Refine detection/ })
    .first()
    .waitFor({ timeout: JOB_MS });
  await page.getByRole('button', { name: /^Stop/ }).waitFor({ state: 'hidden', timeout: JOB_MS });
}

async function whileRefining(page: Page): Promise<Seen> {
  await page.getByRole('button', { name: /^Refine \d+ detection/ }).click();
  const stop = page.getByRole('button', { name: /^Stop/ }).first();
  await stop.waitFor();
  // Networks load first; the steps are what keeps the worker busy.
  await page.waitForTimeout(4000);
  const seen = await round(page);
  if (!(await stop.isVisible()))
    throw new Error('the run ended before the hand did: there is nothing to compare');
  await stop.click();
  await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
  await page.waitForTimeout(2000);
  return seen;
}

/** One round of a hand over the canvas: pans, zooms, and paints on a detection. */
async function round(page: Page): Promise<Seen> {
  await clearClock(page);
  const stage = await page.getByRole('application').first().boundingBox();
  if (!stage) throw new Error('the canvas is not on the page');
  const at = (x: number, y: number) => [stage.x + stage.width * x, stage.y + stage.height * y] as const;
  await page.mouse.move(...at(0.5, 0.5));
  for (let i = 0; i < 20; i++) await page.mouse.wheel(0, -40);
  await page.mouse.down({ button: 'middle' });
  for (let i = 0; i < MOVES; i++)
    await page.mouse.move(...at(0.5 + 0.2 * Math.sin(i / 9), 0.5 + 0.2 * Math.cos(i / 7)));
  await page.mouse.up({ button: 'middle' });
  for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 40);
  await page.keyboard.press('n');
  await page.keyboard.press('b');
  await page.mouse.move(...at(0.4, 0.5));
  await page.mouse.down();
  for (let i = 0; i < MOVES / 3; i++) await page.mouse.move(...at(0.4 + (0.2 * i * 3) / MOVES, 0.5));
  await page.mouse.up();
  await page.keyboard.press('v');
  await page.waitForTimeout(500);
  return readClock(page);
}
