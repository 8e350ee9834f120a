import type { Locator, Page } from 'playwright';
import type { Catalogue } from '#app/messages/en/index.ts';

const JOB_MS = 10 * 60_000;

/** The main states of the studio one after another, in whatever language it speaks: `said` has its texts. */
export class LanguageJourney {
  readonly #page: Page;
  readonly #said: Catalogue;
  /** Looks at the page as it is; the name is that of the state. */
  readonly #look: (state: string) => Promise<void>;

  constructor(page: Page, said: Catalogue, look: (state: string) => Promise<void>) {
    this.#page = page;
    this.#said = said;
    this.#look = look;
  }

  /** From the welcome view through every dialog. */
  async dialogs(): Promise<void> {
    const { shortcuts, settings } = this.#said;
    await this.#look('welcome');
    await this.#dialog('palette', 'Control+k', shortcuts.palette.title);
    await this.#dialog('settings', 'Control+Comma', settings.title);
    await this.#dialog('shortcuts', 'F1', shortcuts.title);
  }

  async models(): Promise<void> {
    const { models } = this.#said;
    await this.#page.locator('header').getByRole('button', { name: models.chip.demo }).click();
    const view = this.#page.getByRole('dialog', { name: models.title });
    for (const tab of await view.getByRole('tab').all()) {
      await tab.click();
      await this.#look(`models: ${await tab.innerText()}`);
    }
    await this.#escape(view);
  }

  /** Opens the first sample and finds what is in it. */
  async detect(): Promise<void> {
    const { concepts, bar, parameters } = this.#said;
    await this.#page.locator('main button:has(img)').first().click();
    await this.#page.getByText('1024 × 1024').waitFor();
    await this.#look('a sample');
    await this.#page.getByLabel(parameters.canvasSize.label, { exact: true }).selectOption({ index: 0 });
    await this.#page.getByLabel(concepts.phraseLabel(1)).fill('face');
    await this.#button(bar.detect).click();
    await this.#jobEnds();
    await this.#page.getByRole('checkbox', { name: this.#said.detection.tick(1) }).waitFor();
    await this.#look('detected');
  }

  /** What can be unfolded or asked for beside the picture. */
  async panels(): Promise<void> {
    const { concepts, conceptPresets, tools } = this.#said;
    await this.#unfold();
    await this.#look('settings of the document');
    await this.#popover(conceptPresets.open);
    await this.#popover(concepts.more);
    await this.#page.keyboard.press('n');
    await this.#unfold();
    await this.#look('a detection');
    await this.#popover(tools.ops.label);
    for (const tool of ['b', 'l', 'u', 'w']) {
      await this.#page.keyboard.press(tool);
      await this.#look(`tool ${tool}`);
    }
    await this.#page.keyboard.press('v');
    await this.#page.getByLabel(concepts.phraseLabel(1)).hover();
    await this.#button(concepts.edit('face')).click();
    await this.#unfold();
    await this.#look('rules of a concept');
  }

  /** Paints, and looks at what comes of it. */
  async refine(): Promise<void> {
    const { inspector, parameters, layers, bar, canvas, history, detection } = this.#said;
    await this.#button(inspector.backToDocument).click();
    await this.#page.getByRole('heading', { name: parameters.sections.sampling, exact: true }).click();
    const steps = this.#page.getByRole('spinbutton', { name: parameters.steps.label, exact: true });
    await steps.fill('1');
    await steps.blur();
    await this.#page.keyboard.press('Control+d');
    await this.#page.getByRole('checkbox', { name: detection.tick(1), exact: true }).check();
    await this.#button(bar.refineCount(1)).click();
    await this.#page.getByRole('button', { name: bar.stop }).waitFor();
    await this.#look('refining');
    await this.#jobEnds();
    await this.#look('layers');
    for (const mode of [canvas.modes.slider, canvas.modes.difference, canvas.modes.side]) {
      await this.#page
        .getByRole('radio', { name: mode })
        .or(this.#button(mode))
        .first()
        .click({ force: true });
      await this.#look(`comparing: ${mode}`);
    }
    await this.#popover(history.open);
    await this.#page.getByRole('treegrid', { name: layers.title }).getByRole('row').last().click();
    await this.#unfold();
    await this.#look('a layer');
    await this.#variations();
  }

  async #variations(): Promise<void> {
    const { inspector, wall } = this.#said.layers;
    await this.#button(inspector.variations).click();
    await this.#page.getByRole('radio', { name: '2', exact: true }).check({ force: true });
    await this.#button(inspector.paintVariations(2)).click();
    await this.#jobEnds();
    const dialog = this.#page.getByRole('dialog').filter({ has: this.#page.getByText(wall.before).first() });
    await dialog.waitFor();
    await this.#look('variations');
    await this.#escape(dialog);
  }

  async #dialog(state: string, keys: string, title: string): Promise<void> {
    await this.#page.keyboard.press(keys);
    const dialog = this.#page.getByRole('dialog', { name: title, exact: true });
    await dialog.waitFor();
    await this.#look(state);
    await this.#escape(dialog);
  }

  async #popover(label: string): Promise<void> {
    await this.#button(label).click();
    await this.#look(label);
    await this.#page.keyboard.press('Escape');
    if ((await this.#button(label).getAttribute('aria-expanded')) === 'true')
      await this.#button(label).click();
  }

  async #escape(dialog: Locator): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  }

  async #unfold(): Promise<void> {
    await this.#page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
  }

  async #jobEnds(): Promise<void> {
    const stop = this.#page.getByRole('button', { name: this.#said.bar.stop, exact: true });
    await stop.waitFor({ state: 'visible', timeout: 30_000 }).catch(() => undefined);
    await stop.waitFor({ state: 'hidden', timeout: JOB_MS });
  }

  #button(name: string): Locator {
    return this.#page.getByRole('button', { name, exact: true });
  }
}
