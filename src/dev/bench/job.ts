import type { ConceptSpec, Detection, FoundObject, RefineRequest } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { SMALL_MODELS_PLAN } from '#domain/plan/types.ts';
import { assembleNetworks, networkFacts } from '#pipelines/assemble.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { detect } from '#pipelines/detect.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import type { JobContext } from '#pipelines/progress.ts';
import { planRefine, refine } from '#pipelines/refine.ts';
import type { Services } from '#pipelines/services.ts';
import { readPicture } from '../eval/pictures.ts';
import { TimedRuntime, type RuntimeTimes } from './job-runtime.ts';
import { packFiles, packRequest, SAMPLE } from './job-pack.ts';
import { percent, printTable, type Row } from './report.ts';

/** Painted by hand where the pack finds nothing: the job must have a detail pass. */
const STAND_IN = { x: 0.4, y: 0.25, width: 0.2, height: 0.2 };

/**
 * The main job of the demo pack in Node, through the product's pipelines: how much of its wall time passes outside
 * `session.run`. Pixels are worked on by the CPU twins here; on a GPU both shares are other numbers.
 */
export async function benchJob(canvasLongSidePx = 4096): Promise<void> {
  const files = await packFiles();
  if (!files) return printTable('4K job: left out', [['models/demo holds no checkpoint.safetensors yet']]);
  const runtime = new TimedRuntime(new OrtNodeRuntime());
  const services: Services = {
    pixels: new CpuPixelOps(),
    batchBudgetBytes: 2 ** 30,
    ...assembleNetworks(runtime, networkFacts(files), SMALL_MODELS_PLAN),
  };
  const picture = await readPicture(SAMPLE);
  const context: JobContext = { signal: new AbortController().signal, onEvent: () => undefined };
  const request = await packRequest(canvasLongSidePx);
  const found = await timed(runtime, () => detections(picture, request, services, context));
  const job = { ...request, detections: found.value };
  const refined = await timed(runtime, () => refine(picture, job, services, context));
  const { details, tiles } = planRefine(job, picture);
  printTable(
    `${canvasLongSidePx} px job on the demo pack, ${runtime.description}, pixels on ${services.pixels.description}: share of wall time`,
    [
      ['', 'outside session.run', 'of it creating sessions', 'runs'],
      row(`detect, ${request.concepts.length} concepts`, found),
      row(`refine, ${details.length} crops + ${tiles.length} tiles`, refined),
    ],
  );
}

interface Timed<T> extends RuntimeTimes {
  readonly value: T;
  readonly wallMs: number;
}

async function timed<T>(runtime: TimedRuntime, work: () => Promise<T>): Promise<Timed<T>> {
  runtime.take();
  const begin = performance.now();
  const value = await work();
  return { value, wallMs: performance.now() - begin, ...runtime.take() };
}

function row(label: string, { wallMs, runMs, loadMs, runs }: Timed<unknown>): Row {
  return [label, percent(1 - runMs / wallMs), percent(loadMs / wallMs), String(runs)];
}

async function detections(
  picture: Raster8<'image'>,
  request: RefineRequest,
  services: Services,
  context: JobContext,
): Promise<readonly Detection[]> {
  const features = new ImageFeatures();
  const found = services.segmenter
    ? (await detect(picture, request, services.segmenter, features, context)).found
    : [];
  features.clear();
  const ticked = request.concepts.flatMap((concept) => best(concept, found));
  return ticked.length > 0 ? ticked : [standIn(request.concepts[0]?.id ?? '')];
}

/** The concept's best answer above its threshold, if there is one. */
function best({ id, threshold }: ConceptSpec, found: readonly FoundObject[]): Detection[] {
  const first = found.find(({ conceptId, score }) => conceptId === id && score > threshold);
  return first ? [{ ...first, id: `bench.${id}`, enabled: true, edited: false }] : [];
}

/** A rectangle painted by hand, as the studio stores it. */
function standIn(conceptId: string): Detection {
  const side = 100;
  const [left, top] = [STAND_IN.x * side, STAND_IN.y * side];
  const [width, height] = [STAND_IN.width * side, STAND_IN.height * side];
  const runs = [top * side + left];
  for (let line = 0; line < height; line++)
    runs.push(width, line < height - 1 ? side - width : (side - top - height) * side + side - left - width);
  return {
    id: 'stand-in',
    conceptId,
    box: STAND_IN as Detection['box'],
    mask: { width: side, height: side, runs },
    score: 1,
    presence: 1,
    enabled: true,
    edited: true,
  };
}
