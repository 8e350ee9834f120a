import type { Page } from 'playwright';

/** Something a user does, as often as asked: `index` counts. */
export interface Act {
  readonly run: (index: number) => Promise<void>;
  /** Many events one after the other, each of which counts. */
  readonly isDrag?: boolean;
}

const MOVES = 60;

/** What a user does with a crowd of detections. Some go on from the one before; places are looked up beforehand. */
export async function crowdActs(page: Page): Promise<Readonly<Record<string, Act>>> {
  const surface = await page.locator('main .surface').boundingBox();
  if (!surface) throw new Error('the canvas is not on the page');
  const at = (x: number, y: number) =>
    [surface.x + surface.width * x, surface.y + surface.height * y] as const;
  const drag = async (button: 'left' | 'middle', path: (share: number) => readonly [number, number]) => {
    await page.mouse.move(...at(...path(0)));
    await page.mouse.down({ button });
    for (let i = 1; i <= MOVES; i++) await page.mouse.move(...at(...path(i / MOVES)));
    await page.mouse.up({ button });
  };
  const press = (key: string) => () => page.keyboard.press(key);
  return {
    ...listActs(page),
    undo: { run: press('Control+z') },
    redo: { run: press('Control+y') },
    'masks shown or hidden': { run: press('Backslash') },
    'pan, each move': {
      isDrag: true,
      run: () => drag('middle', (t) => [0.5 + 0.2 * Math.sin(t * 6.3), 0.5 + 0.1 * Math.sin(t * 12.6)]),
    },
    'zoom, each notch': {
      isDrag: true,
      run: async () => {
        await page.mouse.move(...at(0.5, 0.5));
        for (let i = 0; i < 40; i++) await page.mouse.wheel(0, i < 20 ? -40 : 40);
        await page.keyboard.press('Control+0');
      },
    },
    'click on a number on the picture': {
      run: (i) =>
        page
          .locator('.badge .number')
          .nth(i + 3)
          .click(),
    },
    'brush, each move': {
      isDrag: true,
      run: async () => {
        await page.keyboard.press('b');
        await drag('left', (t) => [0.4 + 0.1 * t, 0.5]);
        await page.keyboard.press('v');
      },
    },
    'one phrase typed, each letter': {
      isDrag: true,
      run: async () => {
        await page.locator('input.phrase').first().focus();
        for (const letter of 'silver ring') await page.keyboard.press(letter === ' ' ? 'Space' : letter);
      },
    },
  };
}

function listActs(page: Page): Readonly<Record<string, Act>> {
  const concept = page.locator('#concepts li.concept:nth-child(3)');
  const lines = concept.locator('[data-detection]');
  return {
    'concept unfolded or folded': { run: () => concept.locator('button.fold').click() },
    'click on a line of the list': {
      run: async (i) => {
        if (i === 0 && (await lines.count()) === 0) await concept.locator('button.fold').click();
        await lines.nth(i + 2).click();
      },
    },
    'arrow key to the next line': { run: () => page.keyboard.press('ArrowDown') },
    'tick of one detection': {
      run: (i) =>
        lines
          .nth(i + 2)
          .locator('xpath=../label/input')
          .click(),
    },
    'tick of a concept': { run: () => concept.locator('> .row .tick input').click() },
    'threshold dragged, each move': {
      isDrag: true,
      run: async () => {
        await concept.locator('input.phrase').focus();
        const slider = await page.locator('#settings input[type=range]').first().boundingBox();
        if (!slider) throw new Error('the concept has no slider');
        const y = slider.y + slider.height / 2;
        await page.mouse.move(slider.x + slider.width / 2, y);
        await page.mouse.down();
        for (let i = 0; i < MOVES; i++)
          await page.mouse.move(slider.x + slider.width * (0.5 + 0.3 * Math.sin(i / 8)), y);
        await page.mouse.up();
      },
    },
    'list scrolled, each notch': {
      isDrag: true,
      run: async () => {
        await lines.first().hover();
        for (let i = 0; i < 40; i++) await page.mouse.wheel(0, i < 20 ? 120 : -120);
      },
    },
  };
}
