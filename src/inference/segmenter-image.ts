import { gridOf } from '#models/sam3/config.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { ConceptExample } from '#domain/job/request.ts';
import type { Field } from '#domain/raster.ts';
import { bestQueries, keptQueries, sigmoid, unitBox } from '#domain/sam3/answers.ts';
import type { DetectOptions, PickQuestion, RawAnswer, RawPick } from '#domain/sam3/contract.ts';
import type { ExemplarBox } from '#domain/sam3/exemplar.ts';
import { maskPrompt } from '#domain/sam3/mask-prompt.ts';
import { boxPoints, type PromptPoint } from '#domain/sam3/points.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { disposeAll, joinRows, pickRows, type Outputs, type Sam3Networks } from './segmenter-networks.ts';
import type { PredictorFeatures, PredictorPrompt, Sam3Predictor } from './segmenter-points.ts';

/** What stands for the phrase when there are only examples (spec/sam3.md 2.4). */
const EXAMPLES_ALONE = 'visual';

/** A phrase as prompt rows [tokens, d]; `readAs` as in {@link RawAnswer}. */
export interface PhraseFeatures {
  readonly rows: FloatTensor;
  readonly readAs: string | null;
}

/** What pictures of one model share. */
export interface Sam3Shared {
  readonly networks: Sam3Networks;
  text(phrase: string): Promise<PhraseFeatures>;
  /** @throws AppError `model-missing` when the file holds only the detector. */
  predictor(): Promise<Sam3Predictor>;
}

/** SAM 3 over one picture whose features are kept (`EncodedImage` of the pipelines). */
export class Sam3Image {
  /** What the features take where they are. */
  readonly bytes: number;
  readonly #shared: Sam3Shared;
  readonly #features: Outputs;
  readonly #picture: Size<'image'>;
  #cls: Promise<FloatTensor> | undefined;

  constructor(shared: Sam3Shared, features: Outputs, { width, height }: Size<'image'>) {
    this.#shared = shared;
    this.#features = features;
    this.#picture = { width, height };
    const values = Object.values(features).map(({ dims }) => dims.reduce((product, dim) => product * dim, 1));
    this.bytes = values.reduce((sum, count) => sum + count, 0) * shared.networks.elementBytes;
  }

  /**
   * Objects of a concept whose score is above the threshold (0…1, strictly).
   * @param phrase empty: by the examples alone.
   */
  async detect(
    phrase: string,
    threshold: number,
    { examples = [], limit = Infinity }: DetectOptions = {},
  ): Promise<RawAnswer> {
    const { networks } = this.#shared;
    const { rows, readAs } = await this.#shared.text(phrase || EXAMPLES_ALONE);
    const prompt = joinRows(rows, await this.#geometry(examples));
    const outputs = await networks.ground(this.#maps('fpn0', 'fpn1', 'fpn2'), prompt);
    try {
      return { ...(await this.#answer(outputs, threshold, limit)), readAs };
    } finally {
      disposeAll(outputs);
    }
  }

  /** What clicks, a box or a mask mean (spec/sam3.md 4). @throws AppError `model-missing` without a predictor. */
  async pick(question: PickQuestion): Promise<RawPick> {
    const predictor = await this.#shared.predictor();
    const features: PredictorFeatures = this.#maps('trk_fpn2', 'trk_s0', 'trk_s1');
    const { masks, iou, objectScore } = await predictor.predict(
      features,
      this.#picture,
      this.#predictorPrompt(question),
    );
    const answers = masks
      .map((data, i) => ({ logits: this.#field(data), score: iou[i] as number }))
      .sort((a, b) => b.score - a.score);
    return { answers, object: sigmoid(objectScore) };
  }

  /** One click alone means a part, a whole or a group: only then several answers are asked for (spec/sam3.md 4.3). */
  #predictorPrompt({ points, box, mask }: PickQuestion): PredictorPrompt {
    const ambiguous = points.length === 1 && !box && !mask;
    const prompt = { points: [...this.#corners(box), ...this.#clicks(points)], ambiguous };
    return mask ? { ...prompt, mask: maskPrompt(mask, this.#side) } : prompt;
  }

  #corners(box: Rect<'unit'> | null): PromptPoint[] {
    if (!box) return [];
    const { width, height } = this.#picture;
    return boxPoints(
      box.x * width,
      box.y * height,
      (box.x + box.width) * width,
      (box.y + box.height) * height,
    );
  }

  #clicks(points: PickQuestion['points']): PromptPoint[] {
    const { width, height } = this.#picture;
    return points.map(({ x, y, positive }) => ({
      x: x * width,
      y: y * height,
      label: positive ? 'positive' : 'negative',
    }));
  }

  /** The prompt's geometry rows; without examples always the same one (spec/sam3.md 2.4). */
  #geometry(examples: readonly ConceptExample[]): Promise<FloatTensor> {
    const { networks } = this.#shared;
    const { fpn2 } = this.#maps('fpn2');
    if (examples.length > 0) return networks.geometry(fpn2, examples.map(exemplar));
    if (this.#cls) return this.#cls;
    const cls = networks.geometry(fpn2, []);
    cls.catch(() => (this.#cls = undefined));
    return (this.#cls = cls);
  }

  dispose(): void {
    disposeAll(this.#features);
  }

  #maps<Name extends string>(...names: readonly Name[]): Record<Name, Outputs[string]> {
    const entries = names.map((name) => {
      const map = this.#features[name];
      if (!map) throw new Error(`the vision graph has no feature map "${name}"`);
      return [name, map] as const;
    });
    return Object.fromEntries(entries) as Record<Name, Outputs[string]>;
  }

  /** Cells per side of every mask the model makes. */
  get #side(): number {
    return 4 * gridOf(this.#shared.networks.config);
  }

  #field(data: Float32Array): Field<'image'> {
    return { width: this.#side, height: this.#side, data };
  }

  async #answer(outputs: Outputs, threshold: number, limit: number): Promise<Omit<RawAnswer, 'readAs'>> {
    const read = async (name: string) => (await outputs[name]?.read())?.data as Float32Array;
    const presence = sigmoid((await read('presence'))[0] as number);
    if (Number.isNaN(presence))
      throw new AppError(
        'internal',
        'SAM 3 answered with values that are not finite; its weights may be damaged.',
      );
    const kept = bestQueries(keptQueries(await read('logits'), presence, threshold), limit);
    if (kept.length === 0) return { presence, detections: [] };
    const boxes = await read('boxes');
    const fields = await this.#fields(
      outputs,
      kept.map(({ index }) => index),
    );
    const detections = kept.map(({ index, score }, i) => ({
      box: boxOf(boxes, index),
      score,
      presence,
      logits: this.#field(fields[i] as Float32Array),
    }));
    return { presence, detections };
  }

  async #fields(outputs: Outputs, queries: readonly number[]): Promise<Float32Array[]> {
    const rowsOf = async (name: string) => pickRows((await outputs[name]?.read()) as FloatTensor, queries);
    const pixels = outputs['pixel_embed'];
    if (!pixels) throw new Error('the grounding graph has no pixel embedding');
    const { networks } = this.#shared;
    return networks.masks(await rowsOf('mask_queries'), await rowsOf('mask_query_bias'), pixels);
  }
}

function boxOf(boxes: Float32Array, index: number): Rect<'unit'> {
  const [cx, cy, w, h] = boxes.subarray(4 * index, 4 * index + 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  return unitBox(cx, cy, w, h);
}

/** A box drawn by the user as the geometry encoder wants it. */
function exemplar({ box: { x, y, width, height }, positive }: ConceptExample): ExemplarBox {
  return { cx: x + width / 2, cy: y + height / 2, w: width, h: height, positive };
}
