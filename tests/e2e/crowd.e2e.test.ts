import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { crowdFiles } from '../../src/dev/bench/crowd-files.ts';
import { openStudio, type RunningStudio } from './studio.ts';

const SIDE_PX = 1024;
const CONCEPTS = 50;
const EACH = 20;
/** Fewer than a tenth of all: what is near the view, and what is kept for the focus. */
const MOST_LINES = 100;

/** What an act cost: elements the page changed, and runs of masks that crossed to its workers. */
interface Cost {
  readonly elements: number;
  readonly runs: number;
}

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  const { page } = studio;
  page.setDefaultTimeout(30_000);
  await page.addInitScript({ content: `globalThis.__name = (it) => it; (${watchCosts})();` });
  await page.reload();
  const { picture, masks } = crowdFiles(SIDE_PX, CONCEPTS, EACH);
  const input = page.locator('input[type=file][accept^="image/png"][accept*=".safetensors"]');
  await input.setInputFiles({ name: 'crowd.png', mimeType: 'image/png', buffer: picture });
  await page.getByText(`${SIDE_PX} × ${SIDE_PX}`).first().waitFor();
  await input.setInputFiles({ name: 'crowd.json', mimeType: 'application/json', buffer: masks });
  await page.getByRole('button', { name: 'Refine 1,000 detections' }).waitFor({ timeout: 120_000 });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await studio.page.screenshot({ path: `test-results/crowd-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  expect(studio.complaints).toEqual([]);
  await studio.close();
});

/** Runs in the page, by its text alone, before its own scripts. */
function watchCosts(): void {
  const cost = { elements: 0, runs: 0 };
  Object.assign(globalThis, { lunaCost: cost });
  const runsIn = (value: unknown): number => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return 0;
    if ('runs' in value && Array.isArray(value.runs)) return value.runs.length;
    return Object.values(value).reduce((sum: number, part) => sum + runsIn(part), 0);
  };
  const post = Worker.prototype.postMessage as (this: Worker, ...parts: unknown[]) => void;
  Worker.prototype.postMessage = function (this: Worker, ...parts: unknown[]): void {
    cost.runs += runsIn(parts[0]);
    post.apply(this, parts);
  };
  const watch = () =>
    new MutationObserver((records) => {
      cost.elements += new Set(records.map(({ target }) => target)).size;
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  document.addEventListener('DOMContentLoaded', watch);
}

/** Whatever follows an act, its plan too, belongs to it. */
async function costOf(act: () => Promise<void>): Promise<Cost> {
  const { page } = studio;
  await page.waitForTimeout(1500);
  await page.evaluate('Object.assign(globalThis.lunaCost, { elements: 0, runs: 0 })');
  await act();
  await page.waitForTimeout(1500);
  return (await page.evaluate('globalThis.lunaCost')) as Cost;
}

const lines = () => studio.page.locator('[data-detection]');
const button = (name: string) => studio.page.getByRole('button', { name, exact: true });

describe('a thousand detections', () => {
  it('come as fifty concepts to look over, with room between the numbers on the picture', async () => {
    const { page } = studio;
    expect(await page.locator('#concepts li.concept').count()).toBeGreaterThanOrEqual(CONCEPTS);
    expect(await lines().count()).toBe(0);
    expect(await page.getByText('1,000/1,000').count()).toBe(1);
    const boxes = await page.locator('.badge').evaluateAll((badges) =>
      badges.map((badge) => {
        const { x, y, width, height } = badge.getBoundingClientRect();
        return { x, y, width, height };
      }),
    );
    expect(boxes.length).toBeGreaterThan(20);
    expect(boxes.length).toBeLessThan(120);
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        expect(Math.abs(a.x - b.x) >= a.width || Math.abs(a.y - b.y) >= a.height).toBe(true);
  });

  it('open where one is chosen on the picture, and bring its line into view', async () => {
    const { page } = studio;
    const badge = page.locator('.badge .number').nth(12);
    const number = await badge.innerText();
    await badge.click();
    const line = page.locator('[data-detection][aria-pressed=true]');
    await line.waitFor();
    expect(await line.innerText()).toContain(number);
    const [panel, row] = await Promise.all([page.locator('#concepts').boundingBox(), line.boundingBox()]);
    expect(row!.y).toBeGreaterThanOrEqual(panel!.y);
    expect(row!.y + row!.height).toBeLessThanOrEqual(panel!.y + panel!.height);
    expect(await lines().count()).toBe(EACH);
  });

  it('cost a tick, an undo and a selection as much as few do', async () => {
    const { page } = studio;
    const box = page.locator('[data-detection]').nth(3).locator('xpath=../label/input');
    const tick = await costOf(() => box.click());
    const undo = await costOf(() => page.keyboard.press('Control+z'));
    const select = await costOf(() => lines().nth(4).click());
    for (const { elements, runs } of [tick, undo, select]) {
      expect(elements).toBeGreaterThan(0);
      expect(elements).toBeLessThan(400);
      // A plan has one pixel of each: two runs. The masks have sixty and more.
      expect(runs).toBeLessThanOrEqual(2 * 1000);
    }
  });

  it('are there line by line as the keys or the wheel come near', async () => {
    const { page } = studio;
    await button('List').click();
    await button('Unfold all').click();
    await page.waitForTimeout(500);
    expect(await lines().count()).toBeLessThan(MOST_LINES);
    const first = page
      .getByRole('list', { name: 'Detections: object 1', exact: true })
      .locator('[data-detection]');
    await first.first().click();
    for (let i = 0; i < 45; i++) await page.keyboard.press('ArrowDown');
    const focused = () =>
      page.evaluate(() => {
        const item = document.activeElement?.closest('[role=listitem]');
        return [
          document.activeElement?.querySelector('.number')?.textContent,
          item?.getAttribute('aria-posinset'),
          item?.getAttribute('aria-setsize'),
        ];
      });
    expect(await focused()).toEqual(['46', '6', `${EACH}`]);
    await page.keyboard.press('End');
    await expect.poll(focused).toEqual(['1000', '20', `${EACH}`]);
    await page.keyboard.press('Home');
    await expect.poll(focused).toEqual(['1', '1', `${EACH}`]);
    expect(await lines().count()).toBeLessThan(MOST_LINES);
    await page.locator('#concepts .concepts').evaluate((panel) => (panel.scrollTop = panel.scrollHeight / 2));
    await expect.poll(() => lines().count()).toBeGreaterThan(20);
    const inView = await lines().evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
    expect(inView).toBeGreaterThan(10);
  });
});
