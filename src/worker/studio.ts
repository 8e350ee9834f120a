import { AppError } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { DetectRequest, Recipe, RefineRequest, ScaffoldSpec } from '#domain/job/request.ts';
import { checkRecipe, checkRefineRequest } from '#domain/job/schema.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { maskBox, encodeRle } from '#domain/mask/rle.ts';
import { paintStroke } from '#domain/mask/brush.ts';
import { detect } from '#pipelines/detect.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import { RECIPE_KEYWORD } from '#formats/png/text.ts';
import { exportPicture, PARAMETERS_KEYWORD } from '#pipelines/export.ts';
import type { JobContext } from '#pipelines/progress.ts';
import type { PlanWish } from '#domain/plan/plan.ts';
import { planRefine, refine } from '#pipelines/refine.ts';
import { callsPerItem, itemUnits } from '#pipelines/repaint.ts';
import type {
  BrushStroke,
  DetectResult,
  ExportedPng,
  ExportRequest,
  JobId,
  OpenedImage,
  OverlayItem,
  PaintedMask,
  RefinePlan,
  RefineResult,
  Result,
  RuntimeInfo,
  ScaffoldStatistics,
  StudioApi,
  ViewState,
} from './api.ts';
import { browserStorage } from '#storage/browser-storage.ts';
import { Backend } from './backend.ts';
import { chooseHardware } from './hardware.ts';
import { asResult, Jobs } from './jobs.ts';
import { StudioConcepts } from './concepts.ts';
import { StudioModels } from './models.ts';
import { decodePicture, type Picture } from './picture.ts';
import { scaffoldStatistics } from './scaffold-statistics.ts';
import { RefineRun, type Document, type Refined } from './refine-run.ts';
import { Viewer } from './viewer.ts';

const APP_VERSION = '0.1.0';

/** The worker's side of the contract: owns the backends, the pixels and the canvas. */
export class Studio implements StudioApi {
  readonly #jobs = new Jobs();
  readonly #features = new ImageFeatures();
  readonly models = new StudioModels(browserStorage(), () => this.#forget());
  readonly concepts = new StudioConcepts({
    jobs: this.#jobs,
    features: this.#features,
    picture: () => this.#opened().picture.raster,
    backend: () => this.#ready(),
  });
  #viewer: Viewer | null = null;
  #backend: Backend | null = null;
  #document: Document | null = null;
  /** Milliseconds per 1024² model call, measured by the last run on this device. */
  #msPerUnit: number | null = null;

  start(canvas: OffscreenCanvas): Promise<Result<RuntimeInfo>> {
    return asResult(async () => {
      this.#viewer = new Viewer(canvas);
      const backend = new Backend(await chooseHardware());
      await this.models.start(backend);
      this.#backend = backend;
      return backend.info();
    });
  }

  setView(view: ViewState): Promise<void> {
    this.#viewer?.setView(view);
    return Promise.resolve();
  }

  setOverlay(items: readonly OverlayItem[]): Promise<void> {
    this.#viewer?.setOverlay(items);
    return Promise.resolve();
  }

  openImage(file: Blob, name: string): Promise<Result<OpenedImage>> {
    return asResult(async () => {
      const picture = await decodePicture(file, name);
      this.#jobs.cancelAll();
      this.#features.clear();
      this.#document = { name, picture, result: null };
      this.#viewer?.setOriginal(picture.raster);
      const { width, height } = picture.raster;
      return {
        name,
        size: { width, height },
        sha256: picture.sha256,
        recipe: recipeIn(picture),
        parameters: picture.texts.get(PARAMETERS_KEYWORD) ?? null,
      };
    });
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

  paint(stroke: BrushStroke): Promise<Result<PaintedMask | null>> {
    return asResult(() => Promise.resolve(this.#paint(stroke)));
  }

  #paint({ detectionId, mode, radiusPx, points, finished }: BrushStroke): PaintedMask | null {
    const layer = this.#viewer?.layer(detectionId);
    if (!layer) throw new AppError('bad-request', 'Select a detection before painting on its mask.');
    const scale = layer.mask.width / this.#opened().picture.raster.width;
    const path = points.map(({ x, y }) => ({ x: x * scale, y: y * scale }));
    layer.painting = !finished;
    layer.mask = paintStroke(layer.mask, path, radiusPx * scale, mode === 'add' ? 'paint' : 'erase');
    layer.redraw();
    this.#viewer?.schedule();
    if (!finished) return null;
    return { mask: encodeRle(layer.mask), box: maskBox(layer.mask) ?? { x: 0, y: 0, width: 0, height: 0 } };
  }

  plan(request: RefineRequest): Promise<Result<RefinePlan>> {
    return asResult(() => {
      const { canvas, details, tiles } = planRefine(checked(request), this.#opened().picture.raster);
      const items = [...details, ...tiles];
      const units = items.reduce((sum, item) => sum + itemUnits(item), 0) * callsPerItem(request);
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

  refine(
    job: JobId,
    request: RefineRequest,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<RefineResult>> {
    return this.#jobs.run(job, onEvent, (context) =>
      this.#ready().during(() => this.#refine(checked(request), context)),
    );
  }

  async #refine(request: RefineRequest, context: JobContext): Promise<RefineResult> {
    const opened = this.#opened();
    const backend = this.#ready();
    const begin = performance.now();
    const { busyMs: busyBefore, loadMs: loadedBefore } = backend.runtime;
    const { details, tiles } = planRefine(request, opened.picture.raster);
    const wish = wishOf(request, [...details, ...tiles]);
    const services = await backend.services(context, wish);
    const run = new RefineRun(opened, this.#recipe(opened, request, backend.precision(wish)), () =>
      this.#document === opened ? this.#viewer : null,
    );
    const canvas = await run.follow(
      (events) =>
        refine(opened.picture.raster, request, services, { ...context, onEvent: events.onEvent }, events),
      context.onEvent,
    );
    const elapsedMs = performance.now() - begin;
    backend.worked(wish);
    // Loading happens once; the next estimate is of what happens again.
    const loadMs = backend.runtime.loadMs - loadedBefore;
    this.#learnPace(request, opened.picture.raster, elapsedMs - loadMs);
    const networkMs = backend.runtime.busyMs - busyBefore;
    return {
      canvas: { width: canvas.width, height: canvas.height },
      elapsedMs,
      overheadShare: Math.max(0, 1 - networkMs / elapsedMs),
    };
  }

  #learnPace(request: RefineRequest, image: Size<'image'>, elapsedMs: number): void {
    const { details, tiles } = planRefine(request, image);
    const units =
      [...details, ...tiles].reduce((sum, item) => sum + itemUnits(item), 0) * callsPerItem(request);
    if (units > 0) this.#msPerUnit = elapsedMs / units;
  }

  cancel(job: JobId): Promise<void> {
    this.#jobs.cancel(job);
    this.models.cancel(job);
    return Promise.resolve();
  }

  exportPng({ request, includeMetadata, job }: ExportRequest): Promise<Result<ExportedPng>> {
    const ignore = () => undefined;
    return this.#jobs.run(job ?? crypto.randomUUID(), ignore, async (context) => {
      const opened = this.#opened();
      const { canvas, recipe } = opened.result ?? (await this.#upscaledOnly(opened, checked(request)));
      const longSide = request.output.exportLongSidePx;
      const { pixels } = this.#ready();
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

  /** A picture nobody has refined yet is exported as its upscale, and the recipe says just that. */
  async #upscaledOnly(opened: Document, request: RefineRequest): Promise<Refined> {
    const plain = { ...request, detections: [], global: { ...request.global, enabled: false } };
    const { raster } = opened.picture;
    const canvas = await this.#ready().pixels.resize(raster, planRefine(plain, raster).canvas);
    return { canvas, recipe: { ...this.#recipe(opened, plain, 'no networks'), complete: true } };
  }

  /** What a run starting now is made of; models and runtime may be others when it is exported. */
  #recipe({ picture }: Document, request: RefineRequest, precision: string): Recipe {
    const { width, height } = picture.raster;
    const { models, networks } = this.#ready().info();
    return {
      app: 'Luna Studio',
      version: APP_VERSION,
      request,
      source: { sha256: picture.sha256, size: { width, height } },
      models: models.map(({ role, name, bytes, strength }) => ({ role, name, bytes, strength })),
      runtime: `${networks} · ${precision}`,
      complete: false,
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

function checked(request: RefineRequest): RefineRequest {
  const result = checkRefineRequest(request);
  if (!result.ok) throw new AppError('bad-request', `The settings cannot be used: ${result.reason}.`);
  return result.value;
}

/** Our recipe, if the picture carries one that is whole; a broken one is as good as none. */
function recipeIn(picture: Picture): Recipe | null {
  const text = picture.texts.get(RECIPE_KEYWORD);
  if (!text) return null;
  try {
    const result = checkRecipe(JSON.parse(text));
    return result.ok ? result.value : null;
  } catch {
    return null;
  }
}

function exportName(name: string, { width, height }: Size<'canvas'>): string {
  return `${name.replace(/\.[^.]*$/, '')}-luna-${width}x${height}.png`;
}

/** What of a request the memory plan depends on. */
function wishOf({ batchLimit }: RefineRequest, items: readonly { readonly sizePx: number }[]): PlanWish {
  const largest = Math.max(0, ...items.map(({ sizePx }) => sizePx));
  return { cropPx: largest > 1024 ? 1536 : 1024, batchLimit };
}
