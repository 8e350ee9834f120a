import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadAxe, violationsOf } from './axe.ts';
import { openStudio, type RunningStudio } from './studio.ts';

const JOB_MS = 10 * 60_000;
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

let studio: RunningStudio;
beforeAll(async () => {
  studio = await openStudio({ viewport: WIDE });
  studio.page.setDefaultTimeout(20_000);
  await studio.page.emulateMedia({ reducedMotion: 'reduce' });
  await loadAxe(studio.page);
  await studio.page.keyboard.press('Control+Comma');
  await studio.page.getByLabel('Theme').selectOption({ label: 'Like the system' });
  await studio.page.keyboard.press('Escape');
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  await studio.page.keyboard.press('Escape');
  await studio.page.setViewportSize(WIDE);
});
afterAll(async () => {
  await studio.close();
});

const button = (name: RegExp | string) => studio.page.getByRole('button', { name });
const bar = () => studio.page.getByRole('region', { name: 'Run', exact: true });
const options = () => studio.page.getByRole('group', { name: 'Tool options' });
/** What opens beside its button: a panel or a menu. */
const content = (name: string) =>
  studio.page.getByRole('region', { name }).or(studio.page.getByRole('dialog', { name }));
const tabs = () => studio.page.getByRole('navigation', { name: 'Panels' });

async function jobEnds(): Promise<void> {
  const stop = bar().getByRole('button', { name: /^Stop/ });
  await stop.waitFor({ state: 'visible', timeout: 30_000 }).catch(() => undefined);
  await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
}

/** Elements that reach beyond the right edge of the page, which would make it scroll sideways. */
async function overhang(): Promise<number> {
  return studio.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/** Controls that are smaller than 24 px and have no room around them (WCAG 2.5.8). axe's own rule leaves ranges out. */
async function smallTargets(): Promise<string[]> {
  return studio.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], select, input, summary, [role="tab"]')]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(
        ({ element, box }) =>
          box.width > 1 && box.height > 1 && element.checkVisibility({ visibilityProperty: true }),
      )
      // A native tick box may be small where its row is the target.
      .filter(({ element }) => !element.closest('label') && element.getAttribute('type') !== 'checkbox')
      .filter(({ box }) => Math.round(box.width) < 24 || Math.round(box.height) < 24)
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`),
  );
}

/** The studio follows the system, as chosen in its settings, and what the browser draws around it follows too. */
async function setTheme(colorScheme: 'dark' | 'light'): Promise<void> {
  await studio.page.emulateMedia({ colorScheme });
  await studio.page.locator(`html[data-theme=${colorScheme}]`).waitFor();
  const [frame, panel] = await studio.page.evaluate(() => [
    document.querySelector<HTMLMetaElement>('meta[name="theme-color"]')?.content,
    getComputedStyle(document.documentElement).getPropertyValue('--panel'),
  ]);
  expect(frame).toBe(panel);
}

/** Checks the present view in both themes, wide; with `narrow` at 390 px too. */
async function expectSound(narrow = false): Promise<void> {
  for (const size of narrow ? [WIDE, NARROW] : [WIDE]) await expectSoundAt(size);
  await studio.page.setViewportSize(WIDE);
}

async function expectSoundAt(size: typeof WIDE): Promise<void> {
  const { page } = studio;
  await page.setViewportSize(size);
  for (const theme of ['light', 'dark'] as const) {
    await setTheme(theme);
    expect(await violationsOf(page), `${theme} ${size.width}`).toEqual([]);
  }
  expect(await overhang(), `sideways at ${size.width}`).toBeLessThanOrEqual(0);
  expect(await smallTargets(), `targets at ${size.width}`).toEqual([]);
}

describe('accessibility', () => {
  it('would be found missing', async () => {
    await studio.page.evaluate(() => {
      const bad = Object.assign(document.createElement('button'), { id: 'bad' });
      document.querySelector('main')?.append(bad);
    });
    expect(await violationsOf(studio.page)).toEqual([expect.stringContaining('button-name')]);
    await studio.page.evaluate(() => document.getElementById('bad')?.remove());
  });

  it('of the welcome view', () => expectSound(true));

  it.each([
    ['palette', 'Find a command', 'Control+k'],
    ['settings', 'Settings', 'Control+Comma'],
    ['sheet of shortcuts', 'Keyboard shortcuts', 'F1'],
  ])('of the %s', async (_, name, key) => {
    await studio.page.keyboard.press(key);
    const dialog = studio.page.getByRole('dialog', { name, exact: true });
    await dialog.waitFor();
    await expectSound(true);
    await studio.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  it.each(['Library', 'Get models', 'Memory'])('of the Models view: %s', async (name) => {
    const view = studio.page.getByRole('dialog', { name: 'Models' });
    if (!(await view.isVisible())) await button(/^Models: /).click();
    await view.getByRole('tab', { name }).click();
    await expectSound(true);
    if (name === 'Memory') await studio.page.keyboard.press('Escape');
  });

  it('of an opened picture', async () => {
    await studio.page.getByText('Portrait in teal').click();
    await studio.page.getByText('1024 × 1024').waitFor();
    await expectSound(true);
  });

  it('of the picture under a loupe', async () => {
    const { page } = studio;
    await page.getByRole('application', { name: /^Picture/ }).focus();
    await page.keyboard.press('Shift+z');
    await page.getByRole('application', { name: /^Loupe/ }).waitFor();
    await expectSound(true);
    await page.keyboard.press('Shift+z');
  });

  it.each(['Brush', 'Eraser', 'Lasso', 'Polygon', 'Rectangle', 'Click an object', 'Pick a detection'])(
    'of the options of a tool: %s',
    async (name) => {
      await button(new RegExp(`^${name}`)).click();
      await options().waitFor();
      await expectSound(true);
    },
  );

  it('of a polygon that is being drawn', async () => {
    const { page } = studio;
    await page.keyboard.press('p');
    const box = (await page.getByRole('application', { name: /^Picture/ }).boundingBox())!;
    for (const [x, y] of [
      [0.4, 0.4],
      [0.6, 0.4],
      [0.5, 0.6],
    ] as const)
      await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
    await options().getByRole('button', { name: 'Close the shape' }).waitFor();
    await expectSound(true);
    await page.keyboard.press('Escape');
    await page.keyboard.press('v');
  });

  it.each(['Presets and import', 'List', 'Mask commands', 'History'])(
    'of what opens beside its button: %s, which goes with it',
    async (name) => {
      const { page } = studio;
      for (const size of [WIDE, NARROW]) {
        await page.setViewportSize(size);
        const opener = button(new RegExp(`^${name}`)).first();
        if (!(await opener.isVisible()))
          await tabs()
            .getByRole('button', { name: /^Concepts/ })
            .click();
        await opener.click();
        await content(name).waitFor();
        await expectSoundAt(size);
        if (size === WIDE && (name === 'List' || name.startsWith('Presets'))) {
          await page.setViewportSize(NARROW);
          await content(name).waitFor({ state: 'hidden' });
          expect(await overhang()).toBeLessThanOrEqual(0);
        } else await page.keyboard.press('Escape');
        await content(name).waitFor({ state: 'hidden' });
        if (size === NARROW) await tabs().getByRole('button', { name: 'Picture' }).click();
      }
      await page.setViewportSize(WIDE);
    },
  );

  it('of a key that is recorded, and of one that has an owner, which Escape leaves before the sheet', async () => {
    const { page } = studio;
    await page.keyboard.press('F1');
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts', exact: true });
    const change = sheet
      .getByRole('button', { name: /^Brush: add to the mask: B. Change|^Brush.*Change$/ })
      .first();
    await change.click();
    await sheet.getByText('Press the new keys').waitFor();
    await expectSound(true);
    await page.keyboard.press('e');
    await sheet.getByRole('alert').waitFor();
    await expectSound(true);
    await page.keyboard.press('Escape');
    await sheet.getByRole('alert').waitFor({ state: 'hidden' });
    expect(await sheet.isVisible()).toBe(true);
    await expect.poll(() => change.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'hidden' });
  });

  it('of what was detected, and of the inspector of a concept and of a detection', async () => {
    const { page } = studio;
    await page.getByLabel('Canvas', { exact: true }).selectOption({ label: '1024 px' });
    await button(/^Detect/).click();
    await jobEnds();
    await page
      .getByRole('checkbox', { name: /^Refine detection/ })
      .first()
      .waitFor();
    await expectSound(true);
    await page.keyboard.press('n');
    await expectSound(true);
    await tabs().getByRole('button', { name: 'Picture' }).waitFor({ state: 'hidden' });
    for (const tab of [/^Concepts/, /^Settings/]) {
      await page.setViewportSize(NARROW);
      await tabs().getByRole('button', { name: tab }).click();
      await expectSound(true);
    }
  });

  it('of a refined picture with its layers, compared side by side', async () => {
    const { page } = studio;
    await page.keyboard.press('Control+d');
    await page
      .getByRole('checkbox', { name: /^Refine detection/ })
      .first()
      .check();
    const whole = page.getByRole('switch', { name: /whole/i });
    if ((await whole.count()) && (await whole.first().isChecked())) await whole.first().click();
    await button(/^Refine /)
      .first()
      .click();
    await jobEnds();
    await page.keyboard.press('m');
    await expectSound(true);
    await page.getByRole('button', { name: 'History' }).click();
    await expectSound();
    await page.keyboard.press('Escape');
  });

  it.each(['Original', 'Slider', 'Blink', 'Difference', 'Refined'])('of the comparison: %s', async (name) => {
    await studio.page.getByRole('radio', { name, exact: true }).check({ force: true });
    await expectSound(true);
  });

  it('of both glasses of the loupe', async () => {
    const { page } = studio;
    await page.getByRole('application', { name: /^Picture/ }).focus();
    await page.keyboard.press('Shift+z');
    await page.getByRole('application', { name: /^Loupe/ }).waitFor();
    await expectSound(true);
    await page.keyboard.press('Shift+z');
  });

  it('of the inspector of a layer, and of its paintings side by side, after which the focus is kept', async () => {
    const { page } = studio;
    await page.getByRole('treegrid', { name: 'Layers' }).getByRole('row').first().click();
    await expectSound();
    // The button that began the run is gone when the wall opens by itself.
    await button('Variations…').click();
    await page.getByRole('radio', { name: '2', exact: true }).check();
    await button('Paint 2').click();
    const wall = page.getByRole('dialog', { name: /^Variations of/ });
    await wall.waitFor({ timeout: JOB_MS });
    await expectSound(true);
    await page.keyboard.press('Escape');
    await wall.waitFor({ state: 'hidden' });
    await expect.poll(() => page.evaluate(() => document.activeElement === document.body)).toBe(false);
  });

  it('of the studio at twice the size of text', async () => {
    // 200 % zoom of a 1280 px window is a page of 640 px.
    await studio.page.setViewportSize({ width: 640, height: 512 });
    expect(await overhang()).toBeLessThanOrEqual(0);
    expect(await violationsOf(studio.page)).toEqual([]);
  });
});
