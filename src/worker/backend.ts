import { AppError } from '#domain/job/app-error.ts';
import { blobSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { refuseByName } from '#formats/weight-file-name.ts';
import { NetworkScope } from '#inference/network-scope.ts';
import type { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { assembleNetworks, recogniseFile, type ModelFiles } from '#pipelines/assemble.ts';
import type { JobContext } from '#pipelines/progress.ts';
import type { PixelOps, Segmenter, Services } from '#pipelines/services.ts';
import type { RuntimeInfo } from './api.ts';
import { chooseHardware } from './hardware.ts';
import { loadDemoSlots, modelInfo, type LoadedModel, type Slots } from './model-slots.ts';

/** The networks of one set of models, and what lets go of them all. */
interface Networks {
  readonly scope: NetworkScope;
  readonly parts: ReturnType<typeof assembleNetworks>;
}

/**
 * Activations of one batch. WebGPU does not tell how much memory a GPU has, so this leaves room on an 8 GB card; on
 * the CPU a larger batch is no faster and only delays Stop.
 */
const BATCH_BUDGET_BYTES = { gpu: 3 * 2 ** 30, cpu: 2 ** 28 } as const;

/** The chosen hardware, the models in their roles, and the services built from both. */
export class Backend {
  readonly runtime: OrtWebRuntime;
  readonly pixels: PixelOps;
  readonly #accelerated: boolean;
  #slots: Slots;
  #networks: Networks | null = null;

  constructor(runtime: OrtWebRuntime, pixels: PixelOps, accelerated: boolean, slots: Slots) {
    this.runtime = runtime;
    this.pixels = pixels;
    this.#accelerated = accelerated;
    this.#slots = slots;
  }

  info(): RuntimeInfo {
    return {
      networks: this.runtime.description,
      kernels: this.pixels.description,
      accelerated: this.#accelerated,
      models: [...this.#slots.values()].map(modelInfo),
    };
  }

  services(context: JobContext): Promise<Services> {
    context.onEvent({
      kind: 'progress',
      phase: 'load',
      fraction: 0,
      remainingMs: null,
      detail: 'opening the models',
    });
    const batchBudgetBytes = BATCH_BUDGET_BYTES[this.#accelerated ? 'gpu' : 'cpu'];
    return Promise.resolve({ pixels: this.pixels, batchBudgetBytes, ...this.#assembled().parts });
  }

  segmenter(): Promise<Segmenter | null> {
    return Promise.resolve(this.#assembled().parts.segmenter);
  }

  #assembled(): Networks {
    return (this.#networks ??= this.#assemble(this.#slots));
  }

  #assemble(slots: Slots): Networks {
    const scope = new NetworkScope(this.runtime);
    return { scope, parts: assembleNetworks(scope, modelFiles(slots)) };
  }

  /**
   * Null while a part is missing that another file will bring, such as a checkpoint's VAE: a job then says which.
   * @throws AppError for files that are damaged or do not belong together.
   */
  #assembleIfComplete(slots: Slots): Networks | null {
    try {
      return this.#assemble(slots);
    } catch (error) {
      if (error instanceof AppError && error.code === 'model-missing') return null;
      throw error;
    }
  }

  /** New models come into use at once; the old ones' memory is given back before this resolves, or it is said why not. */
  async #replace(slots: Slots): Promise<void> {
    const networks = this.#assembleIfComplete(slots);
    const old = this.#networks;
    this.#slots = slots;
    this.#networks = networks;
    await old?.scope.close().catch((error: unknown) => {
      console.warn('The models used before could not be released completely.', error);
    });
  }

  /**
   * Puts a file into the role its tensors say it has. A real checkpoint replaces the demo pack in every role, since
   * the demo's parts do not fit it; what is then missing is said when a job needs it.
   * @throws AppError with a sentence; the models in use stay as they were.
   */
  async useFile(file: File): Promise<void> {
    refuseByName(file.name);
    const model = recognised(await SafetensorsFile.open(blobSource(file, file.name)));
    const kept = [...this.#slots.values()].filter(
      (slot) => !slot.demo || model.role !== 'checkpoint' || slot.role === 'sam3',
    );
    const slots = new Map(kept.map((slot) => [slot.role, slot]));
    slots.set(model.role, model);
    await this.#replace(slots);
  }

  /** Back to the embedded models in every role. */
  async useDemoPack(): Promise<void> {
    await this.#replace(await loadDemoSlots());
  }
}

export async function startBackend(): Promise<Backend> {
  const [{ runtime, pixels, accelerated }, slots] = await Promise.all([chooseHardware(), loadDemoSlots()]);
  return new Backend(runtime, pixels, accelerated, slots);
}

function modelFiles(slots: Slots): ModelFiles {
  const checkpoint = slots.get('checkpoint')?.file;
  if (!checkpoint) throw new AppError('model-missing', 'No checkpoint is loaded. Choose one in Models.');
  return {
    checkpoint,
    autoencoder: slots.get('autoencoder')?.file ?? null,
    vision: slots.get('vision')?.file ?? null,
    ipAdapter: slots.get('ip-adapter')?.file ?? null,
    sam3: slots.get('sam3')?.file ?? null,
  };
}

const ROLE_OF = {
  sdxl: 'checkpoint',
  vae: 'autoencoder',
  taesd: 'autoencoder',
  'clip-vision': 'vision',
  'ip-adapter': 'ip-adapter',
  sam3: 'sam3',
} as const;

function recognised(file: SafetensorsFile): LoadedModel {
  const known = recogniseFile(file);
  if (!(known.kind in ROLE_OF))
    throw new AppError('bad-file', `"${file.source.name}" cannot be used here. ${known.sentence}`);
  return {
    role: ROLE_OF[known.kind as keyof typeof ROLE_OF],
    file,
    description: known.sentence,
    demo: false,
  };
}
