import type { Raster8 } from '#domain/raster.ts';
import { phraseTokens, type PhraseTokens } from '#domain/sam3/phrase.ts';
import { sam3Input } from '#domain/sam3/preprocess.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import type { NetworkRuntime } from './runtime.ts';
import { Sam3Image, type PhraseFeatures } from './segmenter-image.ts';
import type { Sam3Model } from './segmenter-model.ts';
import { pickRows, Sam3Networks } from './segmenter-networks.ts';
import { Sam3Predictor } from './segmenter-points.ts';

/** What a model does in a way of its own. */
export interface SegmenterOptions {
  /** Replaces the CLIP tokenizer, e.g. where a model has its own vocabulary. */
  readonly tokenize?: (phrase: string, context: number) => PhraseTokens;
}

/**
 * SAM 3 as a pipeline's `Segmenter`: pictures are encoded once, for the detector and the interactive predictor together
 * where the file has both; text features are kept per phrase, and a new phrase costs one grounding run, a click one run
 * of the predictor (spec/sam3.md 6.4).
 */
export class Sam3Segmenter {
  readonly #networks: Sam3Networks;
  readonly #tokenize: NonNullable<SegmenterOptions['tokenize']>;
  readonly #texts = new Map<string, Promise<PhraseFeatures>>();
  #predictor: Promise<Sam3Predictor> | undefined;

  constructor(runtime: NetworkRuntime, model: Sam3Model, { tokenize = phraseTokens }: SegmenterOptions = {}) {
    this.#networks = new Sam3Networks(runtime, model);
    this.#tokenize = tokenize;
  }

  async encodeImage(image: Raster8<'image'>): Promise<Sam3Image> {
    const networks = this.#networks;
    const pixels = sam3Input(image, networks.config.imageSize);
    const features = await networks.encode(pixels, networks.config.tracker ? 'vision+tracker' : 'vision');
    const shared = {
      networks,
      text: (phrase: string) => this.#text(phrase),
      predictor: () => this.#createdPredictor(),
    };
    return new Sam3Image(shared, features, image);
  }

  /** Frees every loaded network; pictures encoded so far can no longer be asked. */
  async release(): Promise<void> {
    this.#texts.clear();
    await this.#networks.release();
  }

  #createdPredictor(): Promise<Sam3Predictor> {
    if (this.#predictor) return this.#predictor;
    const creating = Sam3Predictor.create(this.#networks);
    creating.catch(() => (this.#predictor = undefined));
    return (this.#predictor = creating);
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

/** Id 0 is padding to the original, even where it is a real "!" token (spec/sam3.md 3.2): its row is dropped. */
export function validRows(features: FloatTensor, ids: readonly number[]): FloatTensor {
  const valid = ids.flatMap((id, i) => (id === 0 ? [] : [i]));
  return valid.length === ids.length ? features : pickRows(features, valid);
}
