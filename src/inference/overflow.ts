import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence, type Words } from '#domain/job/sentence.ts';
import type { HostTensor } from '#domain/tensor.ts';
import type { EmissionOptions, NetworkRuntime } from './runtime.ts';

/** Values that are not numbers, or too large for 16 bits. A network in 16 bits deserves another try in 32. */
export class OverflowError extends AppError {
  constructor(message: string | Sentence) {
    super('model-corrupt', message);
  }
}

/**
 * @param network and its file, as the subject of a sentence.
 * @throws OverflowError where a value is not finite.
 */
export function checkFinite({ data }: HostTensor<Float32Array>, network: Sentence): void {
  if (data.every(Number.isFinite)) return;
  throw new OverflowError(
    sentence`${network} gave values that are not numbers, even in 32-bit arithmetic. Its file may be damaged, or a LoRA too strong: remove LoRAs, import the file again, or choose another one.`,
  );
}

/** A runtime for networks that may turn out too large for 16 bits: from then on it emits 32. Packed matrices stay so. */
export class WideningRuntime implements NetworkRuntime {
  readonly #runtime: NetworkRuntime;
  #wide = false;

  constructor(runtime: NetworkRuntime) {
    this.#runtime = runtime;
  }

  get description(): Words {
    return this.#runtime.description;
  }

  get emission(): EmissionOptions {
    const { emission } = this.#runtime;
    return this.#wide ? { ...emission, dtype: 'f32' } : emission;
  }

  load: NetworkRuntime['load'] = (...request) => this.#runtime.load(...request);

  /**
   * Does the work, and once more in 32 bits where 16 did not do.
   * @param letGo releases what was loaded in 16 bits.
   */
  async widened<T>(work: () => Promise<T>, letGo: () => Promise<void>): Promise<T> {
    const { dtype } = this.emission;
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OverflowError) || dtype === 'f32') throw error;
      await letGo();
      this.#wide = true;
      return work();
    }
  }
}
