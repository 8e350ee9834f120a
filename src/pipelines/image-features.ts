import type { Rect } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { Mutex } from '#inference/mutex.ts';
import type { Raster8 } from '#domain/raster.ts';
import { cropRaster } from '#domain/resample/crop-normalise.ts';
import type { EncodedImage, Segmenter } from './services.ts';

/** What features are wanted of, and by whom. */
export interface FeaturesRequest {
  readonly image: Raster8<'image'>;
  readonly segmenter: Segmenter;
  /** A part of the picture, encoded as if it were one. Default: the whole. */
  readonly tile?: Rect<'image'>;
  /** What the features of tiles may take together once nobody uses them. Default: nothing. */
  readonly keepBytes?: number;
  /** Runs around getting the features, e.g. to count and report it. Default: nothing but that. */
  readonly encoding?: (encode: () => Promise<void>) => Promise<void>;
}

/**
 * The one owner of SAM 3 features: those of the last picture, and of as many of its tiles as there is room for, are
 * kept until other pixels or another model come. Who uses them does so inside {@link use}; features that are let go of
 * meanwhile are freed when the last use has ended.
 *
 * Features outlive their network: when it leaves the device the network pool moves them to the host. What a failed run
 * leaves behind may be lost with its network, so a failure lets go of the features and the next use encodes anew.
 */
export class ImageFeatures {
  readonly #entries = new Map<string, Entry>();

  /**
   * Runs work on the features of a picture or tile, encoding it where that has not happened yet.
   * @param work is also given the milliseconds it took to get them; exactly 0 when they were there.
   */
  async use<T>(
    request: FeaturesRequest,
    work: (encoded: EncodedImage, encodeMs: number) => Promise<T>,
  ): Promise<T> {
    const { encoding = (encode: () => Promise<void>) => encode(), keepBytes = 0 } = request;
    const entry = this.#entryOf(request);
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
      if (entry.tile && this.#tileBytes() > keepBytes) this.#drop(entry);
      entry.freeIfUnused();
    }
  }

  /** Whether using them would encode nothing. */
  has(request: FeaturesRequest): boolean {
    const entry = this.#entries.get(keyOf(request));
    return entry?.serves(request) === true && entry.encoded !== null;
  }

  clear(): void {
    for (const entry of [...this.#entries.values()]) this.#drop(entry);
  }

  /**
   * Tiles of one size are kept, because a picture is looked at with one at a time. Where there is no room for all of
   * them the first ones stay: going through them in order again, the oldest are those needed first.
   */
  #entryOf(request: FeaturesRequest): Entry {
    for (const entry of [...this.#entries.values()]) if (!entry.goesWith(request)) this.#drop(entry);
    const known = this.#entries.get(keyOf(request));
    if (known) return known;
    const entry = new Entry(request);
    this.#entries.set(keyOf(request), entry);
    return entry;
  }

  #tileBytes(): number {
    const tiles = [...this.#entries.values()].filter(({ tile }) => tile);
    return tiles.reduce((sum, { encoded }) => sum + (encoded?.bytes ?? 0), 0);
  }

  #drop(entry: Entry): void {
    const key = keyOf(entry);
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.unwanted = true;
    entry.freeIfUnused();
  }
}

function keyOf({ tile }: { readonly tile?: Rect<'image'> | undefined }): string {
  return tile ? [tile.x, tile.y, tile.width, tile.height].join() : 'whole';
}

/** Features of a picture or one of its tiles, and how many use them. */
class Entry {
  readonly tile: Rect<'image'> | undefined;
  encoded: EncodedImage | null = null;
  users = 0;
  unwanted = false;
  readonly #image: Raster8<'image'>;
  readonly #segmenter: Segmenter;
  readonly #encoding = new Mutex();

  constructor({ image, segmenter, tile }: FeaturesRequest) {
    this.#image = image;
    this.#segmenter = segmenter;
    this.tile = tile;
  }

  get features(): EncodedImage {
    if (!this.encoded) throw new Error('the picture was not encoded');
    return this.encoded;
  }

  serves({ image, segmenter }: FeaturesRequest): boolean {
    return this.#image === image && this.#segmenter === segmenter;
  }

  /** Whether it may stay when those of the request come. */
  goesWith(request: FeaturesRequest): boolean {
    if (!this.serves(request)) return false;
    if (!this.tile || !request.tile) return true;
    return this.tile.width === request.tile.width && this.tile.height === request.tile.height;
  }

  /** Once, whoever asks first; where that one fails or is stopped, the next tries itself. */
  encode(): Promise<void> {
    return this.#encoding.run(async () => {
      this.encoded ??= await this.#segmenter.encodeImage(
        this.tile ? cropRaster(this.#image, this.tile) : this.#image,
      );
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
