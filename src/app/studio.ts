import { planCanvas } from '#domain/geometry/canvas-size.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { RefineRequest, ScaffoldSpec } from '#domain/job/request.ts';
import { DEFAULTS, type StudioDefaults } from './defaults.ts';
import { JobState, type JobKind } from './job-state.svelte.ts';
import { formatDuration, messages } from './messages.ts';
import { Painter } from './painter.ts';
import { buildDetectRequest, isEmptyMask, mergeDetections } from './requests.ts';
import { fetchSample, listSamples, type Sample } from './samples.ts';
import { StudioState } from './studio-state.svelte.ts';
import { ViewState } from './view-state.svelte.ts';
import {
  WorkerClient,
  callback,
  type BrushStroke,
  type OpenedImage,
  type Result,
  type ScaffoldStatistics,
} from './worker-client.ts';

/** A stop waits this long for a step boundary before the worker is ended. */
const STOP_PATIENCE_MS = 5000;

/** How the studio speaks to the user outside its panels; the user interface provides it. */
export interface Notifier {
  info(message: string, action?: { readonly label: string; readonly run: () => void }): void;
  error(message: string): void;
}

/** The studio's commands on its states: everything a button, a key or a dropped file can ask for. */
export class Studio {
  readonly document: StudioState;
  readonly job = new JobState();
  readonly view = new ViewState();
  readonly client = new WorkerClient((reason) => this.#crashed(reason));
  readonly samples = listSamples();
  readonly painter = new Painter((stroke) => void this.#paint(stroke));
  readonly notifier: Notifier;
  /** Files the user chose, to give them to a restarted worker again. */
  #modelFiles: File[] = [];
  #stopTimer = 0;
  #refining: RefineRequest | null = null;
  #started: Promise<void> = Promise.resolve();

  constructor(notifier: Notifier, defaults: StudioDefaults = DEFAULTS) {
    this.notifier = notifier;
    this.document = new StudioState(defaults);
  }

  /** Gives a fresh canvas to a fresh worker and tells it what the page still knows. */
  start(canvas: HTMLCanvasElement): Promise<void> {
    this.#started = this.#start(canvas);
    return this.#started;
  }

  async #start(canvas: HTMLCanvasElement): Promise<void> {
    const { document, client } = this;
    document.startError = null;
    const started = await client.start(canvas);
    if (!started.ok) {
      if (started.error.code !== 'aborted') document.startError = started.error.message;
      return;
    }
    let runtime = started.value;
    for (const file of this.#modelFiles)
      runtime = this.#expect(await client.call((api) => api.useModelFile(file))) ?? runtime;
    const { image } = document;
    if (image) this.#expect(await client.call((api) => api.openImage(image.file, image.name)));
    document.runtime = runtime;
  }

  /** Tries again after the networks could not start. */
  restart(): void {
    this.client.terminate();
    this.document.runtime = null;
    this.document.result = null;
    this.view.canvasEpoch++;
  }

  async open(file: Blob, name: string): Promise<boolean> {
    if (this.job.running) this.stop();
    this.document.opening = name;
    await this.#started;
    if (this.document.startError) this.notifier.error(this.document.startError);
    const opened = await this.client.call((api) => api.openImage(file, name));
    this.document.opening = null;
    const image = this.#expect(opened);
    if (image) this.#takeImage(image, file);
    return image !== null;
  }

  async openSample(sample: Sample): Promise<void> {
    const blob = await fetchSample(sample).catch(() => null);
    if (!blob) return this.notifier.error(messages.errors.sampleMissing);
    const opened = await this.open(blob, sample.fileName);
    if (opened && !this.document.hasPhrase)
      for (const phrase of sample.concepts) this.document.addConcept(phrase);
  }

  /** A file of either kind: a picture is opened, weights are used. */
  async takeFile(file: File): Promise<void> {
    if (file.name.toLowerCase().endsWith('.safetensors')) await this.useModelFile(file);
    else await this.open(file, file.name);
  }

  async detect(): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.image) return;
    const request = buildDetectRequest(document.concepts);
    if (request.concepts.length === 0) return this.notifier.info(messages.bar.needsConcept);
    const result = await this.#run('detect', (id, onEvent) =>
      this.client.call((api) => api.detect(id, request, onEvent)),
    );
    if (!result) return;
    document.detections = mergeDetections(document.detections, result.detections);
    document.presence = { ...document.presence, ...result.presence };
    this.view.showMasks();
    job.finish(messages.bar.detected(result.detections.length, request.concepts.length));
  }

  async refine(): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.image) return;
    if (!document.canRefine) return this.notifier.info(messages.bar.nothingToDo);
    const { request } = document;
    this.view.masksVisible = false;
    this.#refining = request;
    const result = await this.#run('refine', (id, onEvent) =>
      this.client.call((api) => api.refine(id, request, onEvent)),
    );
    if (!result) return;
    document.result = { canvas: result.canvas, request };
    job.finish(messages.bar.done(formatDuration(result.elapsedMs)));
  }

  /** Stops at the next step; a worker that does not get there is ended, unless that would lose finished areas. */
  stop(): void {
    const { job } = this;
    if (!job.running || job.stopping) return;
    job.stopping = true;
    const { id } = job;
    void this.client.send((api) => api.cancel(id));
    this.#stopTimer = window.setTimeout(() => {
      if (job.areas.length > 0) job.stuck = true;
      else this.endNow();
    }, STOP_PATIENCE_MS);
  }

  /** Ends the worker; picture, concepts and masks live on the page and come back with the next one. */
  endNow(): void {
    this.#recover(messages.bar.ended);
  }

  /** Saves the refined canvas, or the plain upscale of a picture that was not refined. */
  async exportPng(): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.image) return;
    const { exportLongSidePx } = document.parameters.output;
    const made = document.result?.request ?? document.request;
    const request = { ...made, output: { ...made.output, exportLongSidePx } };
    const png = await this.#run('export', () =>
      this.client.call((api) => api.exportPng({ request, includeMetadata: true })),
    );
    if (!png) return;
    download(png.blob, png.fileName);
    const size = messages.app.pictureSize(png.size.width, png.size.height);
    job.finish(messages.bar.exported(png.fileName, size));
  }

  async useModelFile(file: File): Promise<boolean> {
    if (!file.name.toLowerCase().endsWith('.safetensors')) {
      this.notifier.error(messages.models.notSafetensors(file.name));
      return false;
    }
    const runtime = this.#expect(await this.client.call((api) => api.useModelFile(file)));
    if (!runtime) return false;
    this.document.runtime = runtime;
    this.#modelFiles = [...this.#modelFiles, file];
    this.notifier.info(messages.models.used(file.name));
    return true;
  }

  async useDemoPack(): Promise<void> {
    const runtime = this.#expect(await this.client.call((api) => api.useDemoPack()));
    if (!runtime) return;
    this.#modelFiles = [];
    this.document.runtime = runtime;
    this.notifier.info(messages.models.demoUsed);
  }

  /** Takes concepts, masks and parameters from the opened picture's recipe. */
  applyRecipe(): void {
    const recipe = this.document.offeredRecipe;
    if (!recipe) return;
    const undo = this.document.checkpoint();
    this.document.applyRequest(recipe.request);
    this.#offerUndo(messages.recipe.applied, undo);
  }

  /** Measures the noise field of the present canvas; null when the worker is gone. */
  async measureNoise(scaffold: ScaffoldSpec): Promise<ScaffoldStatistics | null> {
    const { image, parameters } = this.document;
    if (!image) return null;
    const canvas = planCanvas(image.size, parameters.output.canvasLongSidePx);
    const measured = await this.client.call(async (api) => ({
      ok: true as const,
      value: await api.scaffoldStatistics(scaffold, canvas),
    }));
    return measured.ok ? measured.value : null;
  }

  removeConcept(id: string): void {
    const phrase = this.document.concepts.find((concept) => concept.id === id)?.phrase ?? '';
    const undo = this.document.checkpoint();
    this.document.removeConcept(id);
    this.#offerUndo(messages.concepts.removed(phrase), undo);
  }

  removeDetection(id: string): void {
    const undo = this.document.checkpoint();
    const number = this.document.numberOf(id);
    this.document.removeDetection(id);
    this.#offerUndo(messages.detection.removed(number), undo);
  }

  /** Starts a mask by hand for a concept of which nothing, or not enough, was found. */
  paintByHand(conceptId: string): void {
    this.document.addDetection(conceptId);
    this.view.setTool('brush');
  }

  resetParameters(): void {
    const undo = this.document.checkpoint();
    this.document.parameters = this.document.defaults.parameters;
    this.#offerUndo(messages.inspector.resetDone, undo);
  }

  stepDetection(direction: 1 | -1): void {
    const next = this.document.stepDetection(direction);
    if (next) this.revealDetection(next.id);
  }

  revealDetection(id: string): void {
    const { image } = this.document;
    const box = this.document.detections.find((item) => item.id === id)?.box;
    if (!image || !box) return;
    const { width, height } = image.size;
    this.view.reveal({
      x: box.x * width,
      y: box.y * height,
      width: Math.max(box.width * width, 1),
      height: Math.max(box.height * height, 1),
    });
  }

  /** Document pixels per picture pixel: a finished canvas is finer than the picture that was opened. */
  get documentScale(): number {
    const { image, result } = this.document;
    return image && result ? result.canvas.width / image.size.width : 1;
  }

  async #paint(stroke: BrushStroke): Promise<void> {
    const painted = this.#expect(await this.client.call((api) => api.paint(stroke)));
    if (stroke.finished && painted)
      this.document.updateDetection(stroke.detectionId, {
        ...painted,
        edited: true,
        enabled: !isEmptyMask(painted.mask),
      });
  }

  async #run<T>(
    kind: JobKind,
    request: (id: string, onEvent: (event: JobEvent) => void) => Promise<Result<T>>,
  ): Promise<T | null> {
    const { job } = this;
    const id = job.begin(kind);
    const result = await request(
      id,
      callback((event: JobEvent) => this.#take(id, event)),
    );
    if (job.id !== id) return null;
    window.clearTimeout(this.#stopTimer);
    if (result.ok) return result.value;
    if (job.running) job.finish(result.error.code === 'aborted' ? messages.bar.stopped : '');
    if (result.error.code !== 'aborted') this.notifier.error(result.error.message);
    return null;
  }

  #take(id: string, event: JobEvent): void {
    this.job.apply(id, event);
    const { image } = this.document;
    const request = this.#refining;
    if (event.kind !== 'area' || this.job.areas.length !== 1 || !image || !request) return;
    this.document.result = { canvas: planCanvas(image.size, request.output.canvasLongSidePx), request };
  }

  #takeImage(opened: OpenedImage, file: Blob): void {
    this.document.takeImage({ ...opened, file, url: URL.createObjectURL(file) });
    this.view.show(opened.size);
    this.job.finish('');
  }

  /** The value, or null after saying what went wrong. */
  #expect<T>(result: Result<T>): T | null {
    if (result.ok) return result.value;
    if (result.error.code !== 'aborted') this.notifier.error(result.error.message);
    return null;
  }

  #offerUndo(message: string, run: () => void): void {
    this.notifier.info(message, { label: messages.app.undo, run });
  }

  /** A worker that dies while it starts would die again: then the user decides. */
  #crashed(reason: string): void {
    if (this.document.runtime) this.#recover(messages.errors.workerLost);
    else this.document.startError = messages.errors.notStarted(reason);
  }

  #recover(message: string): void {
    window.clearTimeout(this.#stopTimer);
    this.job.finish('');
    this.restart();
    this.notifier.error(message);
  }
}

function download(blob: Blob, fileName: string): void {
  const link = window.document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
