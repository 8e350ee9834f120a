import { enumerated, sentence, type Sentence, type Words } from '#domain/job/sentence.ts';
import { LATENT_PX, size, type Rect } from '#domain/geometry/rect.ts';
import type { JobPhase } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { sample } from '#domain/sampling/sample.ts';
import { truncatedSigmas } from '#domain/sampling/schedules.ts';
import { batchItem, stack, type FloatTensor } from '#domain/tensor.ts';
import type { PromptLibrary } from './conditioning.ts';
import { differentialDenoise, startSigmas } from './differential.ts';
import { scaffoldUnder, startState, stepNoise } from './noise.ts';
import type { JobContext, ProgressTracker } from './progress.ts';
import { inpaintMask, maskedPicture } from './inpaint.ts';
import type { DenoiserItem, InpaintInput, Services } from './services.ts';

/** One square of canvas to paint again: a detection's crop or a tile of the global pass. */
export interface RepaintItem {
  /** Shown in the progress line: "face 2", "tile 7/25". */
  readonly label: Words;
  readonly area: Rect<'canvas'>;
  /** Side of the network's input; differs from the area's side only for objects larger than 1536 px. */
  readonly sizePx: number;
  /** Where in the scaffold its noise lies (regionArea); absent: at its own place. */
  readonly noiseArea?: Rect<'canvas'>;
  readonly denoise: number;
  readonly prompt: string;
  readonly negative: string;
  readonly anchorScale: number;
  /** IP-Adapter tokens of the item's picture and, under guidance, of a blank one; absent: no image attention. */
  readonly anchor?: { readonly positive: FloatTensor; readonly negative: FloatTensor | null };
  /** Strength per latent cell relative to `denoise`, row-major on the network's latent grid; absent: 1 everywhere. */
  readonly strength?: Float32Array;
  /** How much of the result will be kept, over `area` in canvas pixels; absent: everything. Inpainting models see it. */
  readonly coverage?: Field<'canvas'>;
}

/** [3,sizePx,sizePx] in [0,1]: the painted item, and the original as the autoencoder renders it. */
export interface Repainted {
  readonly refined: FloatTensor;
  readonly base: FloatTensor;
}

/** What every batch of a job has in common. */
export interface RepaintJob {
  readonly request: RefineRequest;
  readonly services: Services;
  readonly prompts: PromptLibrary;
  readonly tracker: ProgressTracker;
  readonly context: JobContext;
}

/** Work per item relative to a 1024² one. */
export function itemUnits(item: { readonly sizePx: number }): number {
  return (item.sizePx / 1024) ** 2;
}

/** Groups of equal size whose work fits the batch limit, in order. */
export function batchesOf<T extends { readonly sizePx: number }>(items: readonly T[], limit: number): T[][] {
  const batches: T[][] = [];
  for (const item of items) {
    const last = batches.at(-1);
    const fits = last && last[0]?.sizePx === item.sizePx && (last.length + 1) * itemUnits(item) <= limit;
    if (fits) last.push(item);
    else batches.push([item]);
  }
  return batches;
}

/**
 * Most work of one batch, in 1024² items: what the request allows and the memory budget holds. Guidance doubles the
 * model's batch. Results do not depend on it.
 */
export function batchLimit({ sampling, batchLimit }: RefineRequest, services: Services): number {
  const rows = sampling.guidanceScale === 1 ? 1 : 2;
  return Math.max(1, Math.min(batchLimit, rowLimit(services) / rows));
}

/** Rows of 1024² in one model call; the plan counts two per item. */
function rowLimit({ plan, denoiser, batchBudgetBytes }: Services): number {
  if (plan) return plan.batchItems * 2;
  const side = 1024 / LATENT_PX;
  return batchBudgetBytes / denoiser.bytesPerItem(size(side, side));
}

/** Autoencoder passes per item: encode, decode of the original, decode of the result; an inpainting model adds one. */
export function codecPasses({ denoiser }: Services): number {
  return denoiser.inpaints ? 4 : 3;
}

/**
 * Re-paints items as one true batch: each with its own picture, slice of the scaffold, prompt, anchor, denoise and
 * start step. All items must have the same `sizePx`.
 */
export async function repaintBatch(
  job: RepaintJob,
  canvas: Raster8<'canvas'>,
  items: readonly RepaintItem[],
  phase: JobPhase,
): Promise<Repainted[]> {
  const { codec } = job.services;
  const pixels = await cropItems(job, canvas, items);
  const latents = await eachItem(job, items, pixels, phase, sentence`encode`, (one) => codec.encode(one));
  const base = await eachItem(job, items, latents, phase, sentence`reference`, (one) => codec.decode(one));
  const inpaint = await inpaintInputs(job, pixels, items, phase);
  const painted = await sampleItems(job, items, latents, await denoiserItems(job, items, inpaint), phase);
  const refined = await eachItem(job, items, painted, phase, sentence`decode`, (one) => codec.decode(one));
  return items.map((_, i) => ({ refined: batchItem(refined, i), base: batchItem(base, i) }));
}

/**
 * Autoencoder passes go item by item: its full-resolution activations are the largest tensors of the job, a batch of
 * them gains nothing, and the job can stop in between.
 */
async function eachItem(
  job: RepaintJob,
  items: readonly RepaintItem[],
  batch: FloatTensor,
  phase: JobPhase,
  what: Sentence,
  pass: (one: FloatTensor) => Promise<FloatTensor>,
): Promise<FloatTensor> {
  const results: FloatTensor[] = [];
  for (const [i, item] of items.entries()) {
    const one = stack([batchItem(batch, i)]);
    const label = sentence`${item.label} · ${what}`;
    const result = await job.tracker.work('codec', itemUnits(item), phase, label, () => pass(one));
    results.push(batchItem(result, 0));
  }
  return stack(results);
}

async function cropItems(
  job: RepaintJob,
  canvas: Raster8<'canvas'>,
  items: readonly RepaintItem[],
): Promise<FloatTensor> {
  const crops: FloatTensor[] = [];
  for (const { area, sizePx } of items)
    crops.push(await job.services.pixels.cropToNchw(canvas, area, sizePx));
  return stack(crops);
}

/** Mask and masked picture of every item, where the model is an inpainting one. */
async function inpaintInputs(
  job: RepaintJob,
  pixels: FloatTensor,
  items: readonly RepaintItem[],
  phase: JobPhase,
): Promise<(InpaintInput | null)[]> {
  if (!job.services.denoiser.inpaints) return items.map(() => null);
  const masks = items.map(({ sizePx, coverage }) => inpaintMask(sizePx / LATENT_PX, coverage));
  const grey = stack(masks.map((mask, i) => maskedPicture(batchItem(pixels, i), mask)));
  const encode = (one: FloatTensor) => job.services.codec.encode(one);
  const masked = await eachItem(job, items, grey, phase, sentence`surroundings`, encode);
  return masks.map((mask, i) => ({ mask, masked: batchItem(masked, i) }));
}

async function sampleItems(
  job: RepaintJob,
  items: readonly RepaintItem[],
  latents: FloatTensor,
  conditioned: readonly DenoiserItem[],
  phase: JobPhase,
): Promise<FloatTensor> {
  const { request, services } = job;
  const { sampler, scheduler, steps, guidanceScale } = request.sampling;
  const table = services.denoiser.sigmas;
  const side = (items[0] as RepaintItem).sizePx / LATENT_PX;
  const noise = await scaffoldUnder(items, request.scaffold, services);
  const schedule = (denoise: number) => truncatedSigmas(scheduler, steps, denoise, { table });
  const sigmas = items.map((item) => schedule(item.denoise));
  const prepared = await services.denoiser.prepare(conditioned, size(side, side), guidanceScale);
  try {
    const model = trackedModel(job, prepared.denoise.bind(prepared), items, phase);
    const starts = startSigmas(items, side * side, schedule);
    const denoise = starts ? differentialDenoise(model, latents, noise, starts) : model;
    return await sample(sampler, denoise, startState(latents, noise, sigmas, table), sigmas, {
      noise: stepNoise(items, request.scaffold, services.denoiser.latentChannels),
      throwIfAborted: () => job.context.signal.throwIfAborted(),
    });
  } finally {
    prepared.dispose();
  }
}

/** Counts model calls; samplers such as heun make more than one per step. */
function trackedModel(
  job: RepaintJob,
  denoise: (x: FloatTensor, sigmas: Float32Array) => Promise<FloatTensor>,
  items: readonly RepaintItem[],
  phase: JobPhase,
) {
  const label = enumerated(items.map((item) => item.label));
  const units = items.reduce((sum, item) => sum + itemUnits(item), 0);
  const calls = callsPerItem(job.request);
  let call = 0;
  return (x: FloatTensor, sigmas: Float32Array) => {
    call = Math.min(call + 1, calls);
    return job.tracker.work('step', units, phase, sentence`${label} · step ${call}/${calls}`, () =>
      denoise(x, sigmas),
    );
  };
}

/** Model calls one item costs. */
export function callsPerItem({ sampling }: RefineRequest): number {
  return sampling.sampler === 'heun' ? 2 * sampling.steps - 1 : sampling.steps;
}

async function denoiserItems(
  job: RepaintJob,
  items: readonly RepaintItem[],
  inpaint: readonly (InpaintInput | null)[],
): Promise<DenoiserItem[]> {
  const { prompts, request } = job;
  const { preset, start, end } = request.anchor;
  return Promise.all(
    items.map(async (item, i) => ({
      positive: await prompts.get(item.prompt),
      negative: await prompts.get(item.negative),
      anchor: item.anchor?.positive ?? null,
      anchorNegative: item.anchor?.negative ?? null,
      anchorScale: item.anchor ? item.anchorScale : 0,
      anchorPreset: preset,
      anchorRange: { start, end },
      sizeIds: [item.sizePx, item.sizePx, 0, 0, item.sizePx, item.sizePx] as const,
      inpaint: inpaint[i] ?? null,
    })),
  );
}
