import type { StepName } from '#domain/document/history.ts';
import type { EditHistory } from './edit-history.svelte.ts';

/**
 * The way back over one step, for a message that offers it. It holds while that step is the last one, or only such have
 * come after it as belong to it: then nothing else is undone with it.
 */
export class StepBack {
  readonly #history: EditHistory;
  readonly #whole: EditHistory['whole'];
  readonly #before: number | undefined;
  readonly #along: readonly StepName[];
  #step: number | undefined;

  /**
   * Made before the step is.
   * @param along names of steps that follow the step by themselves, and go back with it.
   */
  constructor(history: EditHistory, along: readonly StepName[]) {
    this.#history = history;
    this.#whole = history.whole;
    this.#along = along;
    this.#whole.seal();
    this.#before = this.#whole.steps[this.#whole.cursor - 1]?.id;
  }

  /** Takes the step back, if nothing else was done since. */
  readonly run = (): void => {
    if (this.holds()) void this.#history.goTo(this.#at);
  };

  /** Calls `withdraw` as soon as there is no way back any more. */
  readonly until = (withdraw: () => void): void => {
    this.#step = this.#whole.steps[this.#at]?.id;
    // What follows is a step of its own, even where it changes the same again.
    this.#whole.seal();
    this.#history.watch(this, withdraw);
  };

  holds(): boolean {
    const { steps, cursor, whole } = this.#history;
    const at = this.#at;
    if (whole !== this.#whole || at < 0 || cursor <= at) return false;
    const isSame = this.#step === undefined || steps[at]?.id === this.#step;
    return isSame && steps.slice(at + 1, cursor).every(({ name }) => this.#along.includes(name));
  }

  /** How many steps are done before it; −1 once they are forgotten. */
  get #at(): number {
    if (this.#before === undefined) return 0;
    const index = this.#whole.steps.findIndex(({ id }) => id === this.#before);
    return index < 0 ? -1 : index + 1;
  }
}
