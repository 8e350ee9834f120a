import { gridOf } from '#models/sam3/config.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { bestQueries, keptQueries, sigmoid, unitBox } from '#domain/sam3/answers.ts';
import type { ExemplarBox } from '#domain/sam3/exemplar.ts';
import { phraseTokens, type PhraseTokens } from '#domain/sam3/phrase.ts';
import { sam3Input } from '#domain/sam3/preprocess.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import type { NetworkRuntime } from './runtime.ts';
import type { Sam3Model } from './segmenter-model.ts';
import { disposeAll, joinRows, pickRows, Sam3Networks, type Outputs } from './segmenter-networks.ts';

/** One object found (`RawDetection` of the pipelines). */
export interface Sam3Detection {
  readonly box: Rect<'unit'>;
  readonly score: number;
  readonly presence: number;
  /** Mask logits on a grid of (4·tokens per axis)² cells over the whole picture. */
  readonly logits: Field<'image'>;
}

export interface Sam3Answer {
  /** Probability that the concept is in the picture at all. */
  readonly presence: number;
  /** In query order, without suppression of duplicates. */
  readonly detections: readonly Sam3Detection[];
  /** What was used of a phrase longer than the model's context; else null. */
  readonly readAs: string | null;
}

/** A box around something that is wanted, or not, in fractions of the picture. */
export interface Sam3Example {
  readonly box: Rect<'unit'>;
  readonly positive: boolean;
}

export interface Sam3DetectOptions {
  readonly examples?: readonly Sam3Example[];
  /** Most answers, the best ones: masks are computed for no other. */
  readonly limit?: number;
}

/** What stands for the phrase when there are only examples (spec/sam3.md 2.4). */
const EXAMPLES_ALONE = 'visual';

export interface SegmenterOptions {
  /** Replaces the CLIP tokenizer, e.g. where a model has its own vocabulary. */
  readonly tokenize?: (phrase: string, context: number) => PhraseTokens;
}

/**
 * SAM 3 as a pipeline's `Segmenter`: pictures are encoded once, text features are kept per phrase, and a new phrase
 * costs one grounding run (spec/sam3.md 6.4).
 */
export class Sam3Segmenter {
  readonly #networks: Sam3Networks;
  readonly #tokenize: NonNullable<SegmenterOptions['tokenize']>;
  readonly #texts = new Map<string, Promise<PhraseFeatures>>();

  constructor(runtime: NetworkRuntime, model: Sam3Model, { tokenize = phraseTokens }: SegmenterOptions = {}) {
    this.#networks = new Sam3Networks(runtime, model);
    this.#tokenize = tokenize;
  }

  async encodeImage(image: Raster8<'image'>): Promise<Sam3Image> {
    const pixels = sam3Input(image, this.#networks.config.imageSize);
    const features = await this.#networks.encode(pixels);
    return new Sam3Image(this.#networks, features, (phrase) => this.#text(phrase));
  }

  /** Frees every loaded network; pictures encoded so far can no longer be asked. */
  async release(): Promise<void> {
    this.#texts.clear();
    await this.#networks.release();
  }

  #text(phrase: string): Promise<PhraseFeatures> {
    const existing = this.#texts.get(phrase);
    if (existing) return existing;
    const encoding = this.#encode(phrase);
    this.#texts.set(phrase, encoding);
    encoding.catch(() => this.#texts.delete(phrase));
    return encoding;
  }

  async #encode(phrase: string): Promise<PhraseFeatures> {
    const { ids, readAs } = this.#tokenize(phrase, this.#networks.config.context);
    const features = await this.#networks.text(ids);
    return { rows: validRows(features, ids), readAs };
  }
}

interface PhraseFeatures {
  readonly rows: FloatTensor;
  readonly readAs: string | null;
}

/** Id 0 is padding to the original, even where it is a real "!" token (spec/sam3.md 3.2): its row is dropped. */
export function validRows(features: FloatTensor, ids: readonly number[]): FloatTensor {
  const valid = ids.flatMap((id, i) => (id === 0 ? [] : [i]));
  return valid.length === ids.length ? features : pickRows(features, valid);
}

/** A box drawn by the user as the geometry encoder wants it. */
function exemplar({ box: { x, y, width, height }, positive }: Sam3Example): ExemplarBox {
  return { cx: x + width / 2, cy: y + height / 2, w: width, h: height, positive };
}

/** SAM 3 over one picture whose features are kept (`EncodedImage` of the pipelines). */
export class Sam3Image {
  readonly #networks: Sam3Networks;
  readonly #features: Outputs;
  readonly #text: (phrase: string) => Promise<PhraseFeatures>;
  #cls: Promise<FloatTensor> | undefined;

  constructor(networks: Sam3Networks, features: Outputs, text: (phrase: string) => Promise<PhraseFeatures>) {
    this.#networks = networks;
    this.#features = features;
    this.#text = text;
  }

  /**
   * Objects of a concept whose score is above the threshold (0…1, strictly).
   * @param phrase empty: by the examples alone.
   */
  async detect(
    phrase: string,
    threshold: number,
    { examples = [], limit = Infinity }: Sam3DetectOptions = {},
  ): Promise<Sam3Answer> {
    const features = this.#maps();
    const { rows, readAs } = await this.#text(phrase || EXAMPLES_ALONE);
    const outputs = await this.#networks.ground(features, joinRows(rows, await this.#geometry(examples)));
    try {
      return { ...(await this.#answer(outputs, threshold, limit)), readAs };
    } finally {
      disposeAll(outputs);
    }
  }

  /** The prompt's geometry rows; without examples always the same one (spec/sam3.md 2.4). */
  #geometry(examples: readonly Sam3Example[]): Promise<FloatTensor> {
    const { fpn2 } = this.#maps();
    if (examples.length > 0) return this.#networks.geometry(fpn2, examples.map(exemplar));
    if (this.#cls) return this.#cls;
    const cls = this.#networks.geometry(fpn2, []);
    cls.catch(() => (this.#cls = undefined));
    return (this.#cls = cls);
  }

  dispose(): void {
    disposeAll(this.#features);
  }

  #maps() {
    const { fpn0, fpn1, fpn2 } = this.#features;
    if (!fpn0 || !fpn1 || !fpn2) throw new Error('the vision graph has no feature maps');
    return { fpn0, fpn1, fpn2 };
  }

  async #answer(outputs: Outputs, threshold: number, limit: number): Promise<Omit<Sam3Answer, 'readAs'>> {
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
    const side = 4 * gridOf(this.#networks.config);
    const detections = kept.map(({ index, score }, i) => {
      const [cx, cy, w, h] = boxes.subarray(4 * index, 4 * index + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const logits: Field<'image'> = { width: side, height: side, data: fields[i] as Float32Array };
      return { box: unitBox(cx, cy, w, h), score, presence, logits };
    });
    return { presence, detections };
  }

  async #fields(outputs: Outputs, queries: readonly number[]): Promise<Float32Array[]> {
    const rowsOf = async (name: string) => pickRows((await outputs[name]?.read()) as FloatTensor, queries);
    const pixels = outputs['pixel_embed'];
    if (!pixels) throw new Error('the grounding graph has no pixel embedding');
    return this.#networks.masks(await rowsOf('mask_queries'), await rowsOf('mask_query_bias'), pixels);
  }
}
