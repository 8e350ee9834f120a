import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { difference, LayersPage, type Exported } from './layers-page.ts';
import { openStudio, type RunningStudio } from './studio.ts';

let studio: RunningStudio;
let page: Page;
let layers: LayersPage;
beforeAll(async () => {
  studio = await openStudio();
  use(studio.page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await page.screenshot({ path: `test-results/session-${task.name.replace(/\W+/g, '-')}.png` });
});
afterAll(async () => {
  await studio.close();
});

function use(next: Page): void {
  page = next;
  page.setDefaultTimeout(20_000);
  layers = new LayersPage(page);
}

const restored = () => page.getByText(/^portrait\.png is as you left it/).waitFor();
const detections = () => page.getByRole('checkbox', { name: /^Refine detection/ });

/** Settings that make a run short. */
async function small(): Promise<void> {
  await layers.documentSettings();
  for (const label of ['Canvas', 'Export'])
    await page.getByLabel(label, { exact: true }).selectOption({ label: '1024 px' });
  await page.getByRole('switch', { name: 'Refine the whole picture' }).click();
  await page.getByRole('heading', { name: 'Sampling' }).click();
  await layers.setNumber('Steps', 2);
}

/** A stroke of the brush to the right of the raised hand. */
async function stroke(): Promise<void> {
  const stage = (await page.getByRole('application', { name: /^Picture/ }).boundingBox())!;
  const [x, y] = [stage.x + stage.width * 0.3, stage.y + stage.height / 2];
  await page.keyboard.press('b');
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 30, y + 40, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.press('v');
}

/** Shows nothing but what would be exported. */
async function withoutMessages(): Promise<void> {
  for (const close of await page.getByRole('button', { name: 'Close the message' }).all())
    await close.click().catch(() => undefined);
}

describe('a document', () => {
  let picture: Exported;
  let history: Awaited<ReturnType<LayersPage['history']>>;

  it('comes back after a reload as it was: detections, strokes, layers, history, snapshots', async () => {
    await page.getByRole('button', { name: 'Portrait in teal and terracotta' }).click();
    await page.getByText('1024 × 1024', { exact: true }).waitFor();
    await page.getByLabel('Concept 1: what to look for').fill('hands');
    await detections().nth(1).waitFor({ timeout: 120_000 });
    await small();
    await page.getByText(/^171 ×/).click();
    await stroke();
    await page.getByRole('checkbox', { name: 'Refine detection 2' }).click();
    await layers.documentSettings();
    expect(await layers.job(() => layers.button('Refine 1 detection').click())).toMatch(/Refined in/);
    await layers.row('hands 1').waitFor();
    await page.keyboard.press('Control+Alt+s');
    await page.getByText('Snapshot 1 is kept.').waitFor();
    await layers.button('Show hands 1').click();
    await layers.button(/^Undo: Shown or hidden/).click();
    picture = await layers.export();
    history = await layers.history();
    expect(history.steps.at(0)).toBeDefined();
    await page.reload();
    await restored();
    await layers.row('hands 1').waitFor();
    expect(await detections().count()).toBe(2);
    expect(await layers.history()).toEqual(history);
    const again = await layers.export();
    expect(difference(picture, again)).toBeNull();
    // This worker has run no networks, and says so.
    expect({ ...again.recipe, runtime: '' }).toEqual({ ...picture.recipe, runtime: '' });
  });

  it('is taken back and done again over what lies in storage', async () => {
    const painted = await layers.export();
    await layers.button(/^Redo: Shown or hidden/).click();
    const hidden = await layers.export();
    expect(difference(painted, hidden)).not.toBeNull();
    await layers.button(/^Undo: Shown or hidden/).click();
    expect(difference(painted, await layers.export())).toBeNull();
    await layers.button(/^Undo: Refined/).click();
    await layers.rows.first().waitFor({ state: 'hidden' });
    for (let i = 0; i < 30 && (await layers.button(/^Undo: /).isVisible()); i++) {
      await page.keyboard.press('Control+z');
      await page.waitForTimeout(100);
    }
    await expect.poll(() => detections().count()).toBe(0);
    await page.reload();
    await restored();
    expect(await detections().count()).toBe(0);
    await layers.restore('Snapshot 1');
    await layers.row('hands 1').waitFor();
    expect(difference(painted, await layers.export())).toBeNull();
  });

  it('is on the disk when the page goes right after a change', async () => {
    await layers.button('Show hands 1').click();
    await page.reload();
    await restored();
    await layers.row('hands 1').waitFor();
    await layers.button(/^Undo: Shown or hidden/).click();
    await page.reload();
    await restored();
    await layers.button(/^Redo: Shown or hidden/).waitFor();
  });

  it('belongs to its tab: another starts fresh and leaves its pixels alone', async () => {
    const { address } = studio;
    const before = await layers.export();
    const second = await page.context().newPage();
    await second.goto(address);
    await second.getByRole('button', { name: 'Two friends in a garden' }).click();
    await second.getByText('garden.png', { exact: true }).first().waitFor();
    await second.getByLabel('Concept 1: what to look for').fill('hat');
    // Residuals that nothing names are freed some seconds after the hand rests.
    await second.waitForTimeout(8000);
    await second.close();
    await page.bringToFront();
    await page.reload();
    await restored();
    await layers.row('hands 1').waitFor();
    expect(difference(before, await layers.export())).toBeNull();
  });

  it('survives the crash of its tab', async () => {
    const before = await layers.export();
    // A new tab takes up what was stored last.
    await layers.button('Show hands 1').click();
    await layers.button(/^Undo: Shown or hidden/).click();
    await page.waitForTimeout(1500);
    const session = await page.context().newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    // Nobody is left to answer.
    session.send('Page.crash').catch(() => undefined);
    await crashed;
    const next = await page.context().newPage();
    await page.close();
    use(next);
    await page.goto(studio.address);
    await restored();
    await layers.row('hands 1').waitFor();
    expect(difference(before, await layers.export())).toBeNull();
  });

  it('can be left for a fresh start, which a reload keeps, and be come back to', async () => {
    await page.reload();
    await layers.button('Start afresh').click();
    await layers.button('Open picture').waitFor();
    await layers.button('Go back to it').click();
    await layers.row('hands 1').waitFor();
    await layers.button(/^Undo: /).waitFor();
    await withoutMessages();
    await page.reload();
    await layers.button('Start afresh').click();
    await layers.button('Open picture').waitFor();
    await page.reload();
    await layers.button('Open picture').waitFor();
    await page.getByText('Demo pack').first().waitFor();
    expect(await page.getByText(/as you left it/).count()).toBe(0);
  });

  it('needs no question when the page goes, and nothing was complained of', async () => {
    const asked: string[] = [];
    page.on('dialog', (dialog) => asked.push(dialog.type()));
    await page.reload();
    await layers.button('Open picture').waitFor();
    expect(asked).toEqual([]);
    expect(studio.complaints).toEqual([]);
  });
});
