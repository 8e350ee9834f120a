import { anchorBlockFactors } from '#models/ip-adapter/presets.ts';
import type { UnetConfig } from '#models/sdxl/unet-config.ts';
import { labelVector } from '#models/sdxl/unet-embedding.ts';
import type { AnchorPreset } from '#domain/job/request.ts';
import type { Preconditioning } from '#domain/sampling/scaling.ts';
import { sigmaOfTimestep, type SigmaTable } from '#domain/sampling/sigmas.ts';
import { floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';

/** One item of a batch; the same as `DenoiserItem` of the pipelines, which this layer may not import. */
export interface SdxlDenoiserItem {
  readonly positive: TextInput;
  readonly negative: TextInput;
  /** IP-Adapter tokens [1,tokens,C]; null: no anchor for this item. */
  readonly anchor: FloatTensor | null;
  /** The tokens of the guidance's negative side; without them that side has no image attention. */
  readonly anchorNegative: FloatTensor | null;
  readonly anchorScale: number;
  readonly anchorPreset: AnchorPreset;
  /** Shares of the schedule, 0 to 1, between which the anchor acts; 0 is the noisiest end. */
  readonly anchorRange: AnchorRange;
  readonly sizeIds: readonly number[];
  /** What an inpainting model reads beside the latents; others ignore it. */
  readonly inpaint: InpaintInput | null;
}

interface TextInput {
  /** [1,T,C] and [1,P]. */
  readonly context: FloatTensor;
  readonly pooled: FloatTensor;
}

interface AnchorRange {
  readonly start: number;
  readonly end: number;
}

interface InpaintInput {
  /** [1,h,w]: 1 where the latents are painted anew. */
  readonly mask: FloatTensor;
  /** [C,h,w]: the picture with that part greyed out, as scaled latents. */
  readonly masked: FloatTensor;
}

/** One row of the model's batch: a positive or a negative of an item. */
export interface ConditioningRow {
  readonly item: SdxlDenoiserItem;
  readonly text: TextInput;
  readonly tokens: FloatTensor | null;
}

/** [positives, then negatives], in the order the guidance expects them. */
export function conditioningRows(items: readonly SdxlDenoiserItem[], guided: boolean): ConditioningRow[] {
  const positives = items.map((item) => ({ item, text: item.positive, tokens: item.anchor }));
  if (!guided) return positives;
  const negatives = items.map((item) => ({
    item,
    text: item.negative,
    tokens: item.anchor && item.anchorNegative,
  }));
  return [...positives, ...negatives];
}

/** y [rows,adm]: pooled text and sizes. */
export function labelTensor(rows: readonly ConditioningRow[]): FloatTensor {
  const labels = rows.map(({ text, item }) => labelVector(text.pooled.data, item.sizeIds));
  return stack(labels.map((label) => floatTensor([label.length], label)));
}

/** Image tokens [rows,tokens,width]; zeros for rows without an anchor, whose scale is 0. */
export function imageTokens(rows: readonly ConditioningRow[], tokens: number, width: number): FloatTensor {
  const empty = floatTensor([tokens, width]);
  return stack(rows.map((row) => (row.tokens ? floatTensor([tokens, width], row.tokens.data) : empty)));
}

/**
 * Factor of the image attention per row and spatial transformer, [rows,blocks,1], as a function of the noise level:
 * the item's scale, its preset, and 0 outside its range or without tokens. A zero equals a UNet without adapter exactly.
 */
export class AnchorScales {
  readonly #rows: readonly {
    readonly factors: Float32Array;
    readonly window: (sigma: number) => boolean;
  }[];
  readonly #blocks: number;

  constructor(rows: readonly ConditioningRow[], config: UnetConfig, table: SigmaTable) {
    this.#rows = rows.map(({ item, tokens }) => ({
      factors: anchorBlockFactors(config, item.anchorPreset).map((f) => (tokens ? f * item.anchorScale : 0)),
      window: sigmaWindow(item.anchorRange, table),
    }));
    this.#blocks = anchorBlockFactors(config, 'all').length;
  }

  at(sigmas: readonly number[]): FloatTensor {
    const result = floatTensor([this.#rows.length, this.#blocks, 1]);
    this.#rows.forEach(({ factors, window }, row) => {
      if (window(sigmas[row] as number)) result.data.set(factors, row * this.#blocks);
    });
    return result;
  }
}

/**
 * sigma((1−end)·last) ≤ sigma ≤ sigma((1−start)·last), with the ends of the schedule open (spec/sdxl.md E.3). Compared
 * in float32, as the sampler states its levels.
 */
function sigmaWindow({ start, end }: AnchorRange, table: SigmaTable): (sigma: number) => boolean {
  const last = table.sigmas.length * table.stride - 1;
  const level = (share: number) => Math.fround(sigmaOfTimestep((1 - share) * last, table));
  const highest = start <= 0 ? Infinity : level(start);
  const lowest = end >= 1 ? 0 : level(end);
  return (sigma) => sigma >= lowest && sigma <= highest;
}

/**
 * c_in·x of each row's item; for inpainting models followed by mask and masked picture, which c_in does not touch
 * (spec/sdxl.md H). Result [rows,C_in,h,w].
 */
export function modelInput(
  x: FloatTensor,
  scaling: readonly Preconditioning[],
  items: readonly number[],
  extras: readonly (readonly FloatTensor[])[],
): FloatTensor {
  const [, channels = 0, height = 0, width = 0] = x.dims;
  const stride = channels * height * width;
  const extra = (extras[0] ?? []).reduce((sum, { data }) => sum + data.length, 0);
  const result = floatTensor([items.length, channels + extra / (height * width), height, width]);
  items.forEach((item, i) => {
    const { input } = scaling[item] as Preconditioning;
    let at = i * (stride + extra);
    for (let k = 0; k < stride; k++) result.data[at + k] = (x.data[item * stride + k] as number) * input;
    at += stride;
    for (const { data } of extras[item] ?? []) {
      result.data.set(data, at);
      at += data.length;
    }
  });
  return result;
}

/** skip·x + out·(u + g·(c − u)): the guidance is linear, so it may act on the model's output. */
export function denoised(
  x: FloatTensor,
  output: FloatTensor,
  sigmas: Float32Array,
  scaling: readonly Preconditioning[],
  guidanceScale: number,
): FloatTensor {
  const total = x.data.length;
  const stride = total / sigmas.length;
  const guided = output.data.length > total;
  const result = floatTensor(x.dims, x.data.slice());
  for (let i = 0; i < total; i++) {
    const item = Math.floor(i / stride);
    if (sigmas[item] === 0) continue;
    const positive = output.data[i] as number;
    const negative = guided ? (output.data[total + i] as number) : positive;
    const { skip, out } = scaling[item] as Preconditioning;
    result.data[i] = skip * (x.data[i] as number) + out * (negative + guidanceScale * (positive - negative));
  }
  return result;
}
