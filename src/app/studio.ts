import { planCanvas } from '#domain/geometry/canvas-size.ts';
import type { Layer } from '#domain/document/layer.ts';
import type { DocumentState } from '#domain/document/state.ts';
import type { ScaffoldSpec } from '#domain/job/request.ts';
import { DEFAULTS, type StudioDefaults } from './defaults.ts';
import { DocumentLife } from './document-life.ts';
import { DocumentSession, type DocumentStorage } from './document-session.svelte.ts';
import { download } from './download.ts';
import { isSettingsName } from './concept-settings-text.ts';
import { isWeightName } from './file-kinds.ts';
import { DetectionCommands } from './detection-commands.ts';
import { JobRunner, type WorkerError } from './job-runner.ts';
import { JobState } from './job-state.svelte.ts';
import { LayerCommands, type LayerHost } from './layer-commands.ts';
import { LayerList } from './layer-list.svelte.ts';
import { LayerPainting, type RefineWish } from './layer-painting.ts';
import { LayerPreviews } from './layer-previews.ts';
import { LikenessGuard } from './likeness-guard.svelte.ts';
import { MaskCommands } from './mask-commands.ts';
import { messages } from './messages.ts';
import { ModelCommands } from './model-commands.ts';
import { fetchSample, listSamples, type Sample } from './samples.ts';
import { SettingsOffers } from './settings-offer.svelte.ts';
import { StudioState } from './studio-state.svelte.ts';
import { ViewState } from './view-state.svelte.ts';
import { WorkerClient, type Result, type ScaffoldStatistics } from './worker-client.ts';

/** A stop waits this long for a step boundary before the worker is ended. */
const STOP_PATIENCE_MS = 5000;

/** What a message offers to do. */
export interface Offer {
  readonly label: string;
  readonly run: () => void;
  /** Calls once it can no longer be done: then it is no longer offered. */
  readonly until?: (withdraw: () => void) => void;
  /** Goes sooner than other offers: what it does can be done at leisure in the panels too. */
  readonly brief?: boolean;
}

/** How the studio speaks to the user outside its panels; the user interface provides it. */
export interface Notifier {
  /** @param other a second way, where there are two. */
  info(message: string, offer?: Offer, other?: Offer): void;
  error(message: string): void;
}

/** The studio's commands on its states: everything a button, a key or a dropped file can ask for. */
export class Studio {
  readonly document: StudioState;
  readonly job = new JobState();
  readonly view = new ViewState();
  readonly client: WorkerClient;
  readonly models: ModelCommands;
  readonly samples = listSamples();
  readonly detections: DetectionCommands;
  readonly layers: LayerCommands;
  readonly layerList: LayerList;
  readonly painting: LayerPainting;
  readonly previews: LayerPreviews;
  readonly likeness: LikenessGuard;
  readonly masks: MaskCommands;
  readonly offers: SettingsOffers;
  readonly notifier: Notifier;
  /** The stored documents of this tab. */
  readonly session: DocumentSession;
  readonly #runner: JobRunner;
  readonly #life: DocumentLife;
  /** The state that was saved as a picture last. */
  #exported: DocumentState | null = null;
  #started: Promise<void> = Promise.resolve();

  /**
   * @param demoDefaults settings for the demo pack; an own image model gets {@link DEFAULTS}.
   * @param connect makes the link to the worker, given what to do when that dies.
   * @param documents where documents survive the visit; null: they do not.
   */
  constructor(
    notifier: Notifier,
    demoDefaults: StudioDefaults = DEFAULTS,
    connect = (onCrash: (reason: string) => void) => new WorkerClient(onCrash),
    documents: DocumentStorage | null = null,
  ) {
    this.notifier = notifier;
    this.document = new StudioState(demoDefaults);
    this.client = connect((reason) => this.#crashed(reason));
    const { document, job, client, view } = this;
    this.session = new DocumentSession(documents, {
      onSaved: () => document.history.spill(),
      onTrouble: () => notifier.error(messages.session.notStored),
      onRemoved: () => this.#life.freePixelsSoon(),
    });
    document.history.onForgotten = () => this.#life.freePixelsSoon();
    document.history.onChanged = (history) => this.session.changed(history);
    const started = () => this.#started;
    const expect = <T>(result: Result<T>) => this.#expect(result);
    const explain = (error: WorkerError) => this.#explain(error);
    const host: LayerHost = { document, job, client, expect, explain, view, notifier };
    this.#runner = new JobRunner(host);
    this.models = new ModelCommands({ document, job, client, notifier, demoDefaults, started, expect });
    this.detections = new DetectionCommands(host, this.#runner);
    this.layers = new LayerCommands(host);
    this.layerList = new LayerList(document);
    this.previews = new LayerPreviews(host);
    this.likeness = new LikenessGuard(host);
    this.painting = new LayerPainting(host, this.#runner, this.previews);
    const open = (file: Blob, name: string) => this.open(file, name);
    this.masks = new MaskCommands({ ...host, open });
    const { presets } = this.detections;
    this.offers = new SettingsOffers({ ...host, presets, masks: this.masks.files, open });
    const { session } = this;
    const forget = () => this.#forget();
    this.#life = new DocumentLife({ ...host, session, runner: this.#runner, started, forget });
  }

  /** Nothing that belongs to the picture outlasts it. */
  #forget(): void {
    this.painting.wall.close();
    this.previews.clear();
    this.masks.forget();
    this.detections.looks.forgetAll();
    this.offers.dismiss();
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
      if (started.error.code !== 'aborted')
        document.startError = started.error.sentence ?? started.error.message;
      if (this.#life.isWaiting) document.opening = null;
      return;
    }
    const runtime = await this.models.attach(started.value);
    const { image } = document;
    if (image) this.#expect(await client.call((api) => api.openImage(image.file, image.name)));
    // The worker may have died meanwhile: its successor tells for itself.
    if (epoch !== this.view.canvasEpoch || document.startError !== null) return;
    this.models.take(runtime, '');
    void this.#life.takeUp();
  }

  /** Goes on where the visit before ended, or says why that cannot be; to be called once, when settings are known. */
  resume(): Promise<void> {
    return this.#life.resume();
  }

  /** Closes the picture; there is a way back to it. */
  startAfresh(): void {
    this.#life.startAfresh();
  }

  /** The document that was open before, and how to come back to it; another one takes its place with the picture. */
  get wayBack(): DocumentLife['wayBack'] {
    return this.#life.wayBack;
  }

  /** Whether leaving the page would lose something that lies nowhere else. */
  get wouldLose(): boolean {
    const { image, history, layers } = this.document;
    const { failing, unstored, pixelsInMemoryBytes } = this.session;
    const edited = history.steps.length > 0 || layers.length > 0;
    const atRisk = ((failing || unstored) && edited) || (pixelsInMemoryBytes > 0 && layers.length > 0);
    return image !== null && atRisk && history.present !== this.#exported;
  }

  /** Tries again after the networks could not start. */
  restart(): void {
    this.client.terminate();
    this.document.runtime = null;
    this.view.canvasEpoch++;
  }

  /** Opens a picture. The worker proves it good before it stops a running job, so a bad file changes nothing. */
  open(file: Blob, name: string): Promise<boolean> {
    return this.#life.open(file, name);
  }

  async openSample(sample: Sample): Promise<void> {
    const blob = await fetchSample(sample).catch(() => null);
    if (!blob) return this.notifier.error(messages.errors.sampleMissing);
    const opened = await this.open(blob, sample.fileName);
    if (opened && !this.document.hasPhrase) this.document.beginWith(sample.concepts);
  }

  /** A dropped or pasted file: a picture is opened, weights are used or refused with the way to convert them, masks and settings offered. */
  async takeFile(file: File): Promise<void> {
    if (isWeightName(file.name)) await this.models.useFile(file);
    else if (isSettingsName(file.name)) await this.offers.takeTextFile(file);
    else if (!(await this.masks.files.offer(file))) await this.offers.takePicture(file);
  }

  async detect(): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.ready) return;
    if (!document.hasPhrase) return this.notifier.info(messages.bar.needsConcept);
    await this.detections.detect();
  }

  /** Paints everything that is ticked and switched on, or just what the wish names. */
  async refine(wish: RefineWish = {}): Promise<void> {
    const { document, job } = this;
    if (job.running || !document.ready) return;
    if (!wish.detections && !wish.tiles && !document.canRefine)
      return this.notifier.info(messages.bar.nothingToDo);
    await this.painting.refine(wish);
  }

  /** Stops at the next step; a worker that does not get there is ended, after a question where there are layers. */
  stop(): void {
    const { job, document } = this;
    if (!job.running || job.stopping) return;
    const { id } = job;
    void this.client.send((api) => api.cancel(id));
    job.stopWithin(STOP_PATIENCE_MS, () => {
      if (document.layers.length > 0 || job.areas.length > 0) job.stuck = true;
      else this.endNow();
    });
  }

  /** Ends the worker and with it what is being painted; everything else lives on the page and on the disk. */
  endNow(): void {
    this.#recover(messages.bar.ended);
  }

  /** Saves the refined canvas, or the plain upscale of a picture that was not refined. */
  async exportPng(): Promise<void> {
    const { document } = this;
    if (this.job.running || !document.ready) return;
    const { request, layers } = document;
    const { present } = document.history;
    await this.#runner.run({
      kind: 'export',
      request: (job) =>
        this.client.call((api) => api.exportPng({ request, layers, includeMetadata: true, job })),
      take: ({ blob, fileName, size }) => {
        download(blob, fileName);
        this.#exported = present;
        return () => messages.bar.exported(fileName, messages.app.pictureSize(size.width, size.height));
      },
    });
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
    this.notifier.info(messages.concepts.removed(phrase), undo);
  }

  removeDetection(id: string): void {
    const undo = this.document.checkpoint();
    const number = this.document.numberOf(id);
    this.document.removeDetection(id);
    this.notifier.info(messages.detection.removed(number), undo);
  }

  /** Takes the brush for a concept of which nothing, or not enough, was found: the first stroke makes the region. */
  paintByHand(conceptId: string): void {
    this.document.select({ kind: 'concept', id: conceptId });
    this.view.setTool('brush');
    this.view.sheet = 'picture';
  }

  resetParameters(): void {
    const undo = this.document.checkpoint();
    this.document.patchParameters(this.document.defaults.parameters);
    this.notifier.info(messages.inspector.resetDone, undo);
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

  /** Brings a layer's area into view. */
  revealLayer({ area, canvas }: Layer): void {
    const { image } = this.document;
    if (!image) return;
    const scale = image.size.width / canvas.width;
    const { x, y, width, height } = area;
    this.view.reveal({ x: x * scale, y: y * scale, width: width * scale, height: height * scale });
  }

  /** Document pixels per picture pixel: a finished canvas is finer than the picture that was opened. */
  get documentScale(): number {
    const { image, canvas } = this.document;
    return image && canvas ? canvas.width / image.size.width : 1;
  }

  /** Takes back the last step, whatever it was: also the stroke under the hand. */
  async undo(): Promise<void> {
    await this.masks.settle();
    const { history } = this.document;
    if (!history.canUndo) this.notifier.info(messages.tools.nothingToUndo);
    else if (!(await history.undo()) && history.canUndo) this.notifier.error(messages.history.unreachable);
  }

  async redo(): Promise<void> {
    await this.masks.settle();
    const { history } = this.document;
    if (!history.canRedo) this.notifier.info(messages.tools.nothingToRedo);
    else if (!(await history.redo()) && history.canRedo) this.notifier.error(messages.history.unreachable);
  }

  /** Keeps the present document under a name that can be changed in the history. */
  takeSnapshot(): void {
    const { history } = this.document;
    if (!this.document.image) return;
    const taken = history.snapshots.map(({ name }) => name);
    let number = taken.length + 1;
    while (taken.includes(messages.history.snapshotName(number))) number++;
    const name = messages.history.snapshotName(number);
    history.takeSnapshot(name);
    this.notifier.info(messages.history.taken(name));
  }

  /** Goes to the state after `cursor` steps. */
  async goTo(cursor: number): Promise<void> {
    await this.masks.settle();
    if (!(await this.document.history.goTo(cursor))) this.notifier.error(messages.history.unreachable);
  }

  /** The value, or null after saying what went wrong. */
  #expect<T>(result: Result<T>): T | null {
    if (result.ok) return result.value;
    this.#explain(result.error);
    return null;
  }

  /** Says what went wrong. A lost GPU is lost for its whole worker: once that had started, a new one takes over. */
  #explain({ code, message }: WorkerError): void {
    if (code === 'aborted') return;
    if (code === 'gpu-lost' && this.document.runtime) this.#recover(messages.errors.gpuLost);
    else this.notifier.error(message);
  }

  /** A worker that dies while it starts would die again: then the user decides. */
  #crashed(reason: string): void {
    if (this.document.runtime) this.#recover(messages.errors.workerLost);
    else this.document.startError = () => messages.errors.notStarted(reason);
  }

  /** What the run had finished becomes a step first: its pixels lie on the disk, where the next worker finds them. */
  #recover(message: string): void {
    this.#runner.abandon();
    this.restart();
    const { layers } = this.document;
    this.notifier.error(layers.length > 0 ? `${message} ${messages.errors.layersReturn}` : message);
  }
}
