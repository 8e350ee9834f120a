import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';

/** Innermost last, so the causes are asked for after their consequences. */
const SCOPES = ['out-of-memory', 'validation'] as const;

/**
 * A device that reports its failures elsewhere: a buffer for which there was no memory is merely invalid, what uses it
 * is skipped as a validation error, and a lost device goes on as if nothing were, so that what was done would be taken
 * for a success.
 */
export class DeviceWatch {
  readonly #device: GPUDevice;
  #lost: GPUDeviceLostInfo | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then((info) => (this.#lost = info));
  }

  /**
   * @throws Error saying that the device was lost or is out of memory, AppError `internal` when it refused a call, or
   * what the work itself throws: the device's own news first, since they are why the work failed.
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    for (const scope of SCOPES) this.#device.pushErrorScope(scope);
    let outcome: { readonly value: T } | { readonly error: unknown };
    try {
      outcome = { value: await work() };
    } catch (error) {
      outcome = { error };
    }
    const error = await this.#failure('error' in outcome ? { cause: outcome.error } : undefined);
    if (error) throw error;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** The answers come after everything before them, the news of a loss included. */
  async #failure(options: ErrorOptions | undefined): Promise<Error | null> {
    const validation = await this.#popScope();
    const memory = await this.#popScope();
    if (this.#lost) return new Error(`device lost: ${this.#lost.message}`, options);
    if (memory) return new Error(`out of memory: ${memory.message}`, options);
    if (!validation) return null;
    return new AppError(
      'internal',
      sentence`The graphics device refused a call: ${validation.message}`,
      options,
    );
  }

  /** A lost device may reject instead of answering. */
  #popScope(): Promise<GPUError | null> {
    return this.#device.popErrorScope().catch(() => null);
  }
}
