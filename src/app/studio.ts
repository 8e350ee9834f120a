import { planCanvas } from '#domain/geometry/canvas-size.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { RefineRequest, ScaffoldSpec } from '#domain/job/request.ts';
import { DEFAULTS, type StudioDefaults } from './defaults.ts';
import { isWeightName } from './file-kinds.ts';
import { JobState, type JobKind } from './job-state.svelte.ts';
import { formatDuration, messages } from './messages.ts';
import { ModelCommands } from './model-commands.ts';
import { Painter } from './painter.ts';
import { StrokeHistory } from './stroke-history.ts';
import { buildDetectRequest, mergeDetections } from './requests.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
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

/** What a message offers to do. */
export interface Offer {
  readonly label: string;
  readonly run: () => void;
  /** Goes sooner than other offers: what it does can be done at leisure in the panels too. */
  readonly brief?: boolean;
}

/** How the studio speaks to the user outside its panels; the user interface provides it. */
export interface Notifier {
  info(message: string, offer?: Offer): void;
  error(message: string): void;
}

type WorkerError = Extract<Result<never>, { readonly ok: false }>['error'];

/** The studio's commands on its states: everything a button, a key or a dropped file can ask for. */
export class Studio {
  readonly document: StudioState;
  readonly job = new JobState();
  readonly view = new ViewState();
  readonly client: WorkerClient;
  readonly models: ModelCommands;
  readonly samples = listSamples();
  readonly #strokes = new StrokeHistory();
  readonly painter = new Painter((stroke) => void this.#paint(stroke));
  readonly notifier: Notifier;
  #refining: RefineRequest | null = null;
  #started: Promise<void> = Promise.resolve();

  /**
   * @param demoDefaults settings for the demo pack; an own image model gets {@link DEFAULTS}.
   * @param connect makes the link to the worker, given what to do when that dies.
   */
  constructor(
    notifier: Notifier,
    demoDefaults: StudioDefaults = DEFAULTS,
    connect = (onCrash: (reason: string) => void) => new WorkerClient(onCrash),
  ) {
    this.notifier = notifier;
    this.document = new StudioState(demoDefaults);
    this.client = connect((reason) => this.#crashed(reason));
    const { document, job, client } = this;
    const started = () => this.#started;
    const expect = <T>(result: Result<T>) => this.#expect(result);
    this.models = new ModelCommands({ document, job, client, notifier, demoDefaults, started, expect });
  }

  /** Gives a fresh canvas to a fresh worker and tells it what the page still knows. */
  start(canvas: HTMLCanvasElement): Promise<void> {
    this.#started = this.#start(canvas);
    return this.#started;
  }

  async #start(canvas: HTMLCanvasElement): Promise<void> {
    const { document, client } = this;
    const epoch = this.view.canvasEpoch;
    document.startError = null;
    const started = await client.start(canvas);
    if (!started.ok) {
      if (started.error.code !== 'aborted') document.startError = started.error.message;
      return;
    }
    const runtime = await this.models.attach(started.value);
    const { image } = document;
    if (image) this.#expect(await client.call((api) => api.openImage(image.file, image.name)));
    // The worker may have died meanwhile: its successor tells for itself.
    if (epoch === this.view.canvasEpoch && document.startError === null) this.models.take(runtime, '');
  }

  /** Tries again after the networks could not start. */
  restart(): void {
    this.client.terminate();
    this.document.runtime = null;
    this.document.result = null;
    this.view.canvasEpoch++;
  }

  /** Opens a picture. The worker proves it good before it stops a running job, so a bad file changes nothing. */
  async open(file: Blob, name: string): Promise<boolean> {
    const { document, job } = this;
    document.opening = name;
    await this.#started;
    if (document.startError) this.notifier.error(document.startError);
    const opened = await this.client.call((api) => api.openImage(file, name));
    document.opening = null;
    const image = this.#expect(opened);
    const replaced = messages.bar.replaced(name);
    if (image) this.#takeImage(image, file, job.running || job.outcome === replaced ? replaced : '');
    return image !== null;
  }

  async openSample(sample: Sample): Promise<void> {
    const blob = await fetchSample(sample).catch(() => null);
    if (!blob) return this.notifier.error(messages.errors.sampleMissing);
    const opened = await this.open(blob, sample.fileName);
    if (opened && !this.document.hasPhrase)
      for (const phrase of sample.concepts) this.document.addConcept(phrase);
  }

  /** A file of either kind: a picture is opened, weights are used or refused with the way to convert them. */
  async takeFile(file: File): Promise<void> {
    if (isWeightName(file.name)) await this.models.useFile(file);
    else await this.open(file, file.name);
  }

  async detect(): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.ready) return;
    const request = buildDetectRequest(document.concepts);
    if (request.concepts.length === 0) return this.notifier.info(messages.bar.needsConcept);
    await this.#run(
      'detect',
      (id, onEvent) => this.client.call((api) => api.detect(id, request, onEvent)),
      ({ detections, presence }) => {
        document.detections = mergeDetections(document.detections, detections);
        document.presence = { ...document.presence, ...presence };
        this.view.showMasks();
        return messages.bar.detected(detections.length, request.concepts.length);
      },
    );
  }

  async refine(): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.ready) return;
    if (!document.canRefine) return this.notifier.info(messages.bar.nothingToDo);
    const { request } = document;
    this.view.masksVisible = false;
    this.#refining = request;
    await this.#run(
      'refine',
      (id, onEvent) => this.client.call((api) => api.refine(id, request, onEvent)),
      ({ canvas, elapsedMs }) => {
        document.result = { canvas, request };
        return messages.bar.done(formatDuration(elapsedMs));
      },
    );
  }

  /** Stops at the next step; a worker that does not get there is ended, unless that would lose a refined picture. */
  stop(): void {
    const { job, document } = this;
    if (!job.running || job.stopping) return;
    const { id } = job;
    void this.client.send((api) => api.cancel(id));
    job.stopWithin(STOP_PATIENCE_MS, () => {
      if (document.result || job.areas.length > 0) job.stuck = true;
      else this.endNow();
    });
  }

  /** Ends the worker and with it what was refined, after a warning; picture, concepts and masks live on the page and come back with the next one. */
  endNow(): void {
    this.#recover(messages.bar.ended);
  }

  /** Saves the refined canvas, or the plain upscale of a picture that was not refined. */
  async exportPng(): Promise<void> {
    const { document } = this;
    if (this.job.running || !document.ready) return;
    const { exportLongSidePx } = document.parameters.output;
    const made = document.result?.request ?? document.request;
    const request = { ...made, output: { ...made.output, exportLongSidePx } };
    await this.#run(
      'export',
      (job) => this.client.call((api) => api.exportPng({ request, includeMetadata: true, job })),
      ({ blob, fileName, size }) => {
        download(blob, fileName);
        return messages.bar.exported(fileName, messages.app.pictureSize(size.width, size.height));
      },
    );
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
    if (!stroke.finished || !painted) return;
    const before = this.document.detections.find(({ id }) => id === stroke.detectionId);
    if (before) this.#strokes.remember(before);
    const enabled = !isEmptyMask(painted.mask);
    this.document.updateDetection(stroke.detectionId, { ...painted, edited: true, enabled });
  }

  undoStroke(): void {
    const { detections } = this.document;
    const last = this.#strokes.takeBack((id) => detections.some((detection) => detection.id === id));
    if (!last) return this.notifier.info(messages.tools.nothingToUndo);
    this.document.updateDetection(last.id, last.before);
    this.view.showMasks();
  }

  /**
   * Runs a job. Its answer goes to `take`, which says what came of it, only while the job is the present one and its
   * picture still is the document; a late answer is dropped.
   */
  async #run<T>(
    kind: JobKind,
    request: (id: string, onEvent: (event: JobEvent) => void) => Promise<Result<T>>,
    take: (value: T) => string,
  ): Promise<void> {
    const { job, document } = this;
    const { image } = document;
    const id = job.begin(kind);
    const result = await request(
      id,
      callback((event: JobEvent) => this.#take(id, event)),
    );
    if (!job.isCurrent(id) || document.image !== image) return;
    if (result.ok) return job.finish(take(result.value));
    job.finish(result.error.code === 'aborted' ? this.#whyStopped() : '');
    // Without a result to judge, hidden masks would look lost.
    if (!document.result) this.view.showMasks();
    this.#explain(result.error);
  }

  /** Without a wish to stop, the worker itself stopped the job for a new picture, which is on its way. */
  #whyStopped(): string {
    const { opening } = this.document;
    const { areas, stopping } = this.job;
    return opening === null || stopping ? messages.bar.stopped(areas.length) : messages.bar.replaced(opening);
  }

  #take(id: string, event: JobEvent): void {
    if (!this.job.isCurrent(id)) return;
    this.job.apply(id, event);
    const { image } = this.document;
    const request = this.#refining;
    if (event.kind !== 'area' || this.job.areas.length !== 1 || !image || !request) return;
    this.document.result = { canvas: planCanvas(image.size, request.output.canvasLongSidePx), request };
  }

  /** The job of the picture before ends here, whether its last answer has come or not. */
  #takeImage(opened: OpenedImage, file: Blob, outcome: string): void {
    this.job.finish(outcome);
    this.#strokes.clear();
    this.document.takeImage({ ...opened, file, url: URL.createObjectURL(file) });
    this.view.show(opened.size);
  }

  /** The value, or null after saying what went wrong. */
  #expect<T>(result: Result<T>): T | null {
    if (result.ok) return result.value;
    this.#explain(result.error);
    return null;
  }

  /** Says what went wrong. A lost GPU is lost for its whole worker: once that had started, a new one takes over. */
  #explain({ code, message }: WorkerError): void {
    const { result, runtime } = this.document;
    if (code === 'aborted') return;
    if (code === 'gpu-lost' && runtime) this.#recover(messages.errors.gpuLost(result !== null));
    else this.notifier.error(message);
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
