import * as Comlink from 'comlink';
import type { Result, RuntimeInfo, StudioApi } from '#worker/api.ts';
import type { ViewerApi } from '#worker/api-viewer.ts';
import { messages, said } from './messages.ts';
import { pageSession } from './page-session.ts';
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
export type { LookRequest, LookResult, PickPrompt, PickResult } from '#worker/api-concepts.ts';
export type { RefineTarget } from '#worker/api-layers.ts';

/** The GPU worker as the page calls it. */
export type Api = Comlink.Remote<StudioApi>;
/** The worker that draws the canvas. */
export type Viewer = Comlink.Remote<ViewerApi>;

/** Ends every call that is waiting for a worker that is gone: Comlink itself would wait for ever. */
class WorkerGone extends Error {}

interface Connection {
  readonly workers: readonly Worker[];
  readonly api: Api;
  readonly viewer: Viewer;
}

/**
 * Owns the disposable GPU worker and the viewer worker beside it: starts, calls and ends them together. Every call
 * answers with a {@link Result}; nothing here throws for a failing worker.
 */
export class WorkerClient {
  #connection: Connection | null = null;
  #gone = lossSignal();
  readonly #onCrash: (reason: string) => void;

  /** @param onCrash called when the worker dies by itself, not through {@link terminate}. */
  constructor(onCrash: (reason: string) => void) {
    this.#onCrash = onCrash;
  }

  /** Creates the workers and gives the canvas away. An element can be given once: a restart needs a new one. */
  start(canvas: HTMLCanvasElement): Promise<Result<RuntimeInfo>> {
    this.terminate();
    this.#gone = lossSignal();
    const networks = new Worker(new URL('../worker/entry.ts', import.meta.url), { type: 'module' });
    const drawing = new Worker(new URL('../worker/viewer-entry.ts', import.meta.url), { type: 'module' });
    const workers = [networks, drawing];
    for (const worker of workers) worker.addEventListener('error', (event) => this.#crashed(event));
    const api = Comlink.wrap<StudioApi>(networks);
    const viewer = Comlink.wrap<ViewerApi>(drawing);
    this.#connection = { workers, api, viewer };
    const { port1, port2 } = new MessageChannel();
    const offscreen = canvas.transferControlToOffscreen();
    void this.send(() => viewer.start(transferred(offscreen), transferred(port1)));
    return this.call(() => api.start(transferred(port2), pageSession()));
  }

  /** Calls a worker; a lost worker or an unforeseen error becomes a failed {@link Result}. */
  async call<T>(request: (api: Api, viewer: Viewer) => Promise<Result<T>>): Promise<Result<T>> {
    try {
      if (!this.#connection) throw new WorkerGone();
      const { api, viewer } = this.#connection;
      return inOurLanguage(await Promise.race([request(api, viewer), this.#gone.promise]));
    } catch (error) {
      return { ok: false, error: describe(error) };
    }
  }

  /** Calls that only show something and have no answer worth waiting for. */
  async send(request: (api: Api, viewer: Viewer) => Promise<unknown>): Promise<void> {
    if (!this.#connection) return;
    const { api, viewer } = this.#connection;
    await Promise.race([request(api, viewer), this.#gone.promise]).catch(() => undefined);
  }

  /** Ends the workers at once and with them every waiting call. */
  terminate(): void {
    for (const worker of this.#connection?.workers ?? []) worker.terminate();
    this.#connection = null;
    this.#gone.reject(new WorkerGone());
  }

  #crashed(event: ErrorEvent): void {
    event.preventDefault();
    this.terminate();
    this.#onCrash(event.message || event.type);
  }
}

/** Marks something as given away with the call rather than copied. */
export function transferred<T extends Transferable>(given: T): T {
  return Comlink.transfer(given, [given]);
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

/** The worker speaks English and says what was put into its sentences; the page says them in the user's language. */
function inOurLanguage<T>(result: Result<T>): Result<T> {
  if (result.ok) return result;
  const { code, message, sentence } = result.error;
  return { ok: false, error: { code, message: said(sentence ?? message), ...(sentence && { sentence }) } };
}

function describe(error: unknown): { code: 'aborted' | 'internal'; message: string } {
  if (error instanceof WorkerGone) return { code: 'aborted', message: messages.bar.ended };
  return { code: 'internal', message: messages.errors.unexpected(reasonOf(error)) };
}
