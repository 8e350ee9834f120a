import * as Comlink from 'comlink';
import type { Result, RuntimeInfo, StudioApi } from '#worker/api.ts';
import { messages } from './messages.ts';
import { reasonOf } from './reason.ts';

export type {
  BrushStroke,
  CatalogueItem,
  DetectResult,
  ExportedPng,
  JobId,
  LibraryEntry,
  LinkedFolder,
  LoraChoice,
  MemoryState,
  ModelInfo,
  ModelRole,
  ModelSelection,
  ModelsState,
  OpenedImage,
  PresetFamily,
  RefinePlan,
  Result,
  RuntimeInfo,
  ScaffoldStatistics,
  SingleRole,
  TransferEvent,
  UnfinishedCopy,
  ViewState as WorkerView,
} from '#worker/api.ts';
export type { ExampleBox, LookRequest, LookResult, PickPrompt, PickResult } from '#worker/api-concepts.ts';
export type { RefineTarget } from '#worker/api-layers.ts';

/** The worker as the page calls it. */
export type Api = Comlink.Remote<StudioApi>;

/** Ends every call that is waiting for a worker that is gone: Comlink itself would wait for ever. */
class WorkerGone extends Error {}

/**
 * Owns the one disposable GPU worker: starts it, calls it, ends it. Every call answers with a {@link Result}; nothing
 * here throws for a failing worker.
 */
export class WorkerClient {
  #worker: Worker | null = null;
  #api: Api | null = null;
  #gone = lossSignal();
  readonly #onCrash: (reason: string) => void;

  /** @param onCrash called when the worker dies by itself, not through {@link terminate}. */
  constructor(onCrash: (reason: string) => void) {
    this.#onCrash = onCrash;
  }

  /** Creates the worker and gives it the canvas. An element can be given away once: a restart needs a new one. */
  start(canvas: HTMLCanvasElement): Promise<Result<RuntimeInfo>> {
    this.terminate();
    this.#gone = lossSignal();
    this.#worker = new Worker(new URL('../worker/entry.ts', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('error', (event) => this.#crashed(event));
    const api = Comlink.wrap<StudioApi>(this.#worker);
    this.#api = api;
    const offscreen = canvas.transferControlToOffscreen();
    return this.call(() => api.start(Comlink.transfer(offscreen, [offscreen])));
  }

  /** Calls the worker; a lost worker or an unforeseen error becomes a failed {@link Result}. */
  async call<T>(request: (api: Api) => Promise<Result<T>>): Promise<Result<T>> {
    try {
      if (!this.#api) throw new WorkerGone();
      return await Promise.race([request(this.#api), this.#gone.promise]);
    } catch (error) {
      return { ok: false, error: describe(error) };
    }
  }

  /** Calls that only show something and have no answer worth waiting for. */
  async send(request: (api: Api) => Promise<unknown>): Promise<void> {
    if (!this.#api) return;
    await Promise.race([request(this.#api), this.#gone.promise]).catch(() => undefined);
  }

  /** Ends the worker at once and with it every waiting call. */
  terminate(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#api = null;
    this.#gone.reject(new WorkerGone());
  }

  #crashed(event: ErrorEvent): void {
    event.preventDefault();
    this.terminate();
    this.#onCrash(event.message || event.type);
  }
}

/** Marks a callback as living on the page, so that the worker can call it. */
export function callback<T extends (...args: never[]) => void>(listener: T): T {
  return Comlink.proxy(listener);
}

/** A promise that only ever fails, by `reject`, and is not missed when nobody waits for it. */
function lossSignal(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, fail) => (reject = fail));
  promise.catch(() => undefined);
  return { promise, reject };
}

function describe(error: unknown): { code: 'aborted' | 'internal'; message: string } {
  if (error instanceof WorkerGone) return { code: 'aborted', message: messages.bar.ended };
  return { code: 'internal', message: messages.errors.unexpected(reasonOf(error)) };
}
