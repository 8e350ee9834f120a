import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type RunningStudio } from './studio.ts';

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(60_000);
  await studio.page.addInitScript(() => {
    const drawn: number[] = [];
    Object.assign(globalThis, { lunaDrawn: drawn });
    new PerformanceObserver((list) => {
      for (const { name, duration } of list.getEntries()) if (name === 'luna:view') drawn.push(duration);
    }).observe({ type: 'measure' });
  });
  await studio.page.reload();
});
afterAll(async () => {
  await studio.close();
});

const stage = () => studio.page.getByRole('application', { name: /^Picture\./ });
const visiblePart = () => studio.page.getByRole('application', { name: /^Visible part/ });
const stop = () => studio.page.getByRole('button', { name: /^Stop/ }).first();

/** Where the frame of the visible part lies in the overview, shares of it. */
async function frame(): Promise<{ left: number; top: number; width: number }> {
  return visiblePart()
    .locator('span')
    .evaluate(({ style }) => ({
      left: parseFloat(style.left),
      top: parseFloat(style.top),
      width: parseFloat(style.width),
    }));
}

describe('the canvas', () => {
  it('shows in its overview what is visible, and is moved there by keys and pointer', async () => {
    const { page } = studio;
    await page.getByText('Portrait in teal').click();
    await page.getByText('1024 × 1024').waitFor();
    // Of a picture that is seen as a whole it would only cover a part.
    await visiblePart().waitFor({ state: 'hidden' });
    await stage().focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press('Equal');
    await expect.poll(async () => (await frame()).width).toBeLessThan(60);
    const before = await frame();
    await visiblePart().press('ArrowRight');
    await visiblePart().press('ArrowDown');
    const moved = await frame();
    expect(moved.left).toBeGreaterThan(before.left);
    expect(moved.top).toBeGreaterThan(before.top);
    const map = (await visiblePart().boundingBox())!;
    await page.mouse.click(map.x + 2, map.y + 2);
    const corner = await frame();
    expect([corner.left, corner.top]).toEqual([0, 0]);
    await page.keyboard.press('Control+0');
    await visiblePart().waitFor({ state: 'hidden' });
  });

  it('follows the hand while networks run', async () => {
    const { page } = studio;
    await page.getByRole('button', { name: /^Detect/ }).click();
    await page
      .getByRole('checkbox', { name: /^Refine detection/ })
      .first()
      .waitFor({ timeout: 10 * 60_000 });
    await page.getByRole('button', { name: /^Refine \d+ detection/ }).click();
    await stop().waitFor();
    await page.waitForTimeout(3000);
    const area = (await stage().boundingBox())!;
    await page.mouse.move(area.x + area.width / 2, area.y + area.height / 2);
    await page.evaluate(() => (globalThis as unknown as { lunaDrawn: number[] }).lunaDrawn.splice(0));
    await page.mouse.down({ button: 'middle' });
    for (let i = 0; i < 60; i++)
      await page.mouse.move(area.x + area.width / 2 + i, area.y + area.height / 2 + (i % 7));
    await page.mouse.up({ button: 'middle' });
    const drawn = await page.evaluate(() => (globalThis as unknown as { lunaDrawn: number[] }).lunaDrawn);
    // One step of the demo's networks takes longer than all of these moves: in one worker with them there are none.
    expect(await stop().isVisible()).toBe(true);
    expect(drawn.length).toBeGreaterThan(20);
    await stop().click();
    await stop().waitFor({ state: 'hidden', timeout: 2 * 60_000 });
    expect(studio.complaints).toEqual([]);
  });
});
