import { AppError } from '#domain/job/app-error.ts';
import { Mutex } from '#inference/mutex.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { EncodedImage, Segmenter } from './services.ts';

/** What features are wanted of, and by whom. */
export interface FeaturesRequest {
  readonly image: Raster8<'image'>;
  readonly segmenter: Segmenter;
  /** Runs around getting the features, e.g. to count and report it. Default: nothing but that. */
  readonly encoding?: (encode: () => Promise<void>) => Promise<void>;
}

/**
 * The one owner of SAM 3 features: those of the last picture are kept until other pixels or another model come. Who
 * uses them does so inside {@link use}; features that are let go of meanwhile are freed when the last use has ended.
 *
 * Features outlive their network: when it leaves the device the network pool moves them to the host. What a failed run
 * leaves behind may be lost with its network, so a failure lets go of the features and the next use encodes anew.
 */
export class ImageFeatures {
  #entry: Entry | null = null;

  /**
   * Runs work on a picture's features, encoding it where that has not happened yet.
   * @param work is also given the milliseconds it took to get them; exactly 0 when they were there.
   */
  async use<T>(
    { image, segmenter, encoding = (encode) => encode() }: FeaturesRequest,
    work: (encoded: EncodedImage, encodeMs: number) => Promise<T>,
  ): Promise<T> {
    const entry = this.#entryOf(image, segmenter);
    entry.users++;
    try {
      const begin = performance.now();
      const known = entry.encoded !== null;
      await encoding(() => entry.encode());
      return await work(entry.features, known ? 0 : performance.now() - begin);
    } catch (error) {
      if (!harmless(error)) this.#drop(entry);
      throw error;
    } finally {
      entry.users--;
      entry.freeIfUnused();
    }
  }

  clear(): void {
    if (this.#entry) this.#drop(this.#entry);
  }

  #entryOf(image: Raster8<'image'>, segmenter: Segmenter): Entry {
    const known = this.#entry;
    if (known?.image === image && known.segmenter === segmenter) return known;
    this.clear();
    return (this.#entry = new Entry(image, segmenter));
  }

  #drop(entry: Entry): void {
    if (this.#entry === entry) this.#entry = null;
    entry.unwanted = true;
    entry.freeIfUnused();
  }
}

/** One picture's features, and how many use them. */
class Entry {
  readonly image: Raster8<'image'>;
  readonly segmenter: Segmenter;
  encoded: EncodedImage | null = null;
  users = 0;
  unwanted = false;
  readonly #encoding = new Mutex();

  constructor(image: Raster8<'image'>, segmenter: Segmenter) {
    this.image = image;
    this.segmenter = segmenter;
  }

  get features(): EncodedImage {
    if (!this.encoded) throw new Error('the picture was not encoded');
    return this.encoded;
  }

  /** Once, whoever asks first; where that one fails or is stopped, the next tries itself. */
  encode(): Promise<void> {
    return this.#encoding.run(async () => {
      this.encoded ??= await this.segmenter.encodeImage(this.image);
    });
  }

  freeIfUnused(): void {
    if (!this.unwanted || this.users > 0) return;
    this.encoded?.dispose();
    this.encoded = null;
  }
}

/** A job that was stopped or asked for something wrong leaves the features as they were. */
function harmless(error: unknown): boolean {
  if (error instanceof DOMException) return error.name === 'AbortError';
  return error instanceof AppError && ['aborted', 'bad-request', 'model-missing'].includes(error.code);
}
