import { AppError } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { DetectRequest, RefineRequest, ScaffoldSpec } from '#domain/job/request.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { CarriedSettings } from '#domain/settings/found-settings.ts';
import { settingsInTexts } from '#domain/settings/read.ts';
import { Mutex } from '#inference/mutex.ts';
import { detect } from '#pipelines/detect.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import { exportPicture } from '#pipelines/export.ts';
import { planRefine } from '#pipelines/refine.ts';
import { callsPerItem, itemUnits } from '#pipelines/repaint.ts';
import type { RefineTarget } from './api-layers.ts';
import type {
  DetectResult,
  ExportedPng,
  ExportRequest,
  JobId,
  OpenedImage,
  RefinePlan,
  Result,
  RuntimeInfo,
  ScaffoldStatistics,
  StudioApi,
} from './api.ts';
import { browserStorage } from '#storage/browser-storage.ts';
import { LayerPixelStore } from '#storage/layer-pixels.ts';
import { PageSession } from '#storage/layer-session.ts';
import { OpfsBlobStore } from '#storage/opfs-blob-store.ts';
import { Backend } from './backend.ts';
import { chooseHardware } from './hardware.ts';
import { asResult, Jobs } from './jobs.ts';
import { StudioConcepts } from './concepts.ts';
import { StudioModels } from './models.ts';
import { decodePicture, textsOfFile } from './picture.ts';
import { scaffoldStatistics } from './scaffold-statistics.ts';
import type { Document } from './document.ts';
import { exportName, shownPicture } from './shown-picture.ts';
import { StudioLayers, type LayerHost } from './layers.ts';
import { StudioMasks } from './masks.ts';
import { checkedRequest, wishOf } from './refine-request.ts';
import { Viewer } from './viewer.ts';

const APP_VERSION = '0.1.0';

/** The worker's side of the contract: owns the backends, the pixels and the canvas. */
export class Studio implements StudioApi {
  readonly #jobs = new Jobs();
  readonly #opening = new Mutex();
  readonly #features = new ImageFeatures();
  readonly #session = new PageSession();
  readonly models = new StudioModels(browserStorage(), () => this.#forget());
  readonly layers = new StudioLayers(
    this.#layerHost(),
    new LayerPixelStore(new OpfsBlobStore('layers'), this.#session),
  );
  readonly concepts = new StudioConcepts({
    jobs: this.#jobs,
    features: this.#features,
    picture: () => this.#opened().picture.raster,
    backend: () => this.#ready(),
  });
  readonly masks = new StudioMasks({
    opened: () => this.#opened(),
    ready: () => this.#ready(),
    made: (document, request) => this.#made(document, request, 'no networks'),
  });
  #viewer: Viewer | null = null;
  #backend: Backend | null = null;
  #document: Document | null = null;
  /** Milliseconds per 1024² model call, measured by the last run on this device. */
  #msPerUnit: number | null = null;

  start(viewer: MessagePort, session: string): Promise<Result<RuntimeInfo>> {
    return asResult(async () => {
      this.#session.join(session);
      this.#viewer = new Viewer(viewer);
      const backend = new Backend(await chooseHardware());
      await this.models.start(backend);
      this.#backend = backend;
      return backend.info();
    });
  }

  /** One after the other: of two pictures, the one asked for last is open in the end, however long each takes to decode. */
  openImage(file: Blob, name: string): Promise<Result<OpenedImage>> {
    return asResult(() => this.#opening.run(() => this.#openImage(file, name)));
  }

  async #openImage(file: Blob, name: string): Promise<OpenedImage> {
    const picture = await decodePicture(file, name);
    this.#jobs.cancelAll();
    this.#features.clear();
    this.#document = { name, picture, canvas: null, ran: null, painted: new Set() };
    this.#viewer?.setOriginal(picture.raster);
    const { width, height } = picture.raster;
    return {
      name,
      size: { width, height },
      sha256: picture.sha256,
      carried: settingsInTexts(picture.texts),
    };
  }

  settingsIn(file: Blob): Promise<Result<CarriedSettings | null>> {
    return asResult(async () => settingsInTexts(await textsOfFile(file)));
  }

  detect(
    job: JobId,
    request: DetectRequest,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<DetectResult>> {
    return this.#jobs.run(job, onEvent, async (context) => {
      const { picture } = this.#opened();
      const backend = this.#ready();
      return backend.during(async () => {
        const { segmenter } = await backend.detecting(context);
        return detect(picture.raster, request, segmenter, this.#features, context);
      });
    });
  }

  plan(request: RefineRequest, target: RefineTarget): Promise<Result<RefinePlan>> {
    return asResult(() => {
      const { raster } = this.#opened().picture;
      const { canvas, details, tiles } = planRefine(checkedRequest(request), raster, target);
      const items = [...details, ...tiles];
      const units = unitsOf(request, items);
      return Promise.resolve({
        canvas,
        crops: details.length,
        tiles: tiles.length,
        modelCalls: items.length * callsPerItem(request),
        estimateMs: this.#msPerUnit === null ? null : units * this.#msPerUnit,
        memory: this.#ready().memory(wishOf(request, items)),
      });
    });
  }

  cancel(job: JobId): Promise<void> {
    this.#jobs.cancel(job);
    this.models.cancel(job);
    return Promise.resolve();
  }

  exportPng({ request, layers, includeMetadata, job }: ExportRequest): Promise<Result<ExportedPng>> {
    const ignore = () => undefined;
    return this.#jobs.run(job ?? crypto.randomUUID(), ignore, async (context) => {
      const opened = this.#opened();
      const checked = checkedRequest(request);
      const made = this.#made(opened, checked, 'no networks');
      const { pixels } = this.#ready();
      const { canvas, recipe } = await shownPicture(opened, layers, made, pixels);
      const longSide = request.output.exportLongSidePx;
      const { png, size } = await exportPicture(
        canvas,
        longSide,
        includeMetadata ? recipe : null,
        pixels,
        context,
      );
      return { blob: png, fileName: exportName(opened.name, size), size };
    });
  }

  /** What a run starting now is made of; models and runtime may be others when it is exported. */
  #made({ picture }: Document, request: RefineRequest, precision: string): NonNullable<Document['ran']> {
    const { width, height } = picture.raster;
    const { models, networks } = this.#ready().info();
    return {
      app: 'Luna Studio',
      version: APP_VERSION,
      request,
      source: { sha256: picture.sha256, size: { width, height } },
      models: models.map(({ role, name, bytes, strength }) => ({ role, name, bytes, strength })),
      runtime: `${networks} · ${precision}`,
    };
  }

  #layerHost(): LayerHost {
    return {
      jobs: this.#jobs,
      opened: () => this.#opened(),
      ready: () => this.#ready(),
      viewerOf: (document) => (this.#document === document ? this.#viewer : null),
      made: (document, request, precision) => this.#made(document, request, precision),
      learnPace: (request, items, elapsedMs) => {
        const units = unitsOf(request, items);
        if (units > 0) this.#msPerUnit = elapsedMs / units;
      },
    };
  }

  scaffoldStatistics(spec: ScaffoldSpec, canvas: Size<'canvas'>): Promise<ScaffoldStatistics> {
    return scaffoldStatistics(spec, canvas, this.#ready().pixels);
  }

  /** Features and pace belong to the models that made them. */
  #forget(): void {
    this.#features.clear();
    this.#msPerUnit = null;
  }

  #opened(): Document {
    if (!this.#document) throw new AppError('bad-request', 'Open a picture first.');
    return this.#document;
  }

  #ready(): Backend {
    if (!this.#backend) throw new AppError('internal', 'The studio is still starting.');
    return this.#backend;
  }
}

/** Work of a run, in model calls on 1024² items. */
function unitsOf(request: RefineRequest, items: readonly { readonly sizePx: number }[]): number {
  return items.reduce((sum, item) => sum + itemUnits(item), 0) * callsPerItem(request);
}
