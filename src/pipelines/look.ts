import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { ConceptExample, FoundObject } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { mergeTiles, type TileAnswer } from '#domain/sam3/merge-tiles.ts';
import { isRejected } from '#domain/sam3/rejected.ts';
import { detectionTiles } from '#domain/sam3/tiles.ts';
import { MAX_ANSWERS, required } from './detect.ts';
import type { ImageFeatures } from './image-features.ts';
import { ProgressTracker, type JobContext } from './progress.ts';
import type { EncodedImage, Services } from './services.ts';
import { tileAnswers, tileQuestion, wholeAnswers, type Question } from './tiled-detection.ts';

/** What to look for: a phrase, examples, or both. */
export interface LookWish {
  readonly conceptId: string;
  /** Empty: by the examples alone. */
  readonly phrase: string;
  readonly examples: readonly ConceptExample[];
  /** Answers at or below this score are not worth a mask. */
  readonly floor: number;
  /** Also looks at overlapping tiles of this side, picture pixels. */
  readonly tilePx: number | null;
}

/** What looking for one concept found. */
export interface LookOutcome {
  /** By falling score. */
  readonly found: readonly FoundObject[];
  /** sigmoid(presence); with tiles the highest of all that was looked at. */
  readonly presence: number;
  readonly readAs: string | null;
  /** What encoding took, 0 when all of it was there; and what the answers took. */
  readonly encodeMs: number;
  readonly decodeMs: number;
}

/** Most answers of a look at tiles: objects that are small enough to need it may be many. */
const MAX_TILED_ANSWERS = 200;
/** What features of tiles may take on a device that has room for every network. */
const TILE_FEATURE_BYTES = 512 * 2 ** 20;
/** Work of an encoding, in units of an answer. */
const ENCODE_UNITS = 4;
/** A tile much smaller than the network's input shows nothing more, but takes as long. */
const MIN_TILE_PX = 256;

/**
 * Looks for one concept, in the whole picture and where wanted in tiles of it. Everything is encoded at most once, so
 * that another phrase costs only decoder runs; a stop is heard between tiles.
 */
export async function look(
  image: Raster8<'image'>,
  wish: LookWish,
  services: Pick<Services, 'segmenter' | 'plan'>,
  features: ImageFeatures,
  context: JobContext,
): Promise<LookOutcome> {
  checkWish(wish);
  const tiles = wish.tilePx === null ? [] : detectionTiles(image, wish.tilePx);
  const asked = [null, ...tiles].flatMap((tile) => {
    const question = tile ? tileQuestion(wish, tile, image) : wish;
    return question ? [{ tile, question }] : [];
  });
  const session = new LookSession(image, services, features, context, asked.length);
  const answers: TileAnswer[] = [];
  for (const { tile, question } of asked) answers.push(...(await session.ask(tile, question)));
  const { presence, readAs, encodeMs, decodeMs } = session;
  const found =
    tiles.length === 0
      ? answers.map((answer) => answer.found)
      : mergeTiles(answers).slice(0, MAX_TILED_ANSWERS);
  const wanted = found.filter(({ box }) => !isRejected(box, wish.examples));
  return { found: wanted, presence, readAs, encodeMs, decodeMs };
}

function checkWish({ phrase, examples, tilePx }: LookWish): void {
  if (!phrase.trim() && !examples.some(({ positive }) => positive))
    throw new AppError(
      'bad-request',
      'Name what to look for, for example "face", or draw a box around an example of it.',
    );
  if (tilePx !== null && !(tilePx >= MIN_TILE_PX))
    throw new AppError('bad-request', 'Tiles to look for small objects in need at least 256 px a side.');
}

/** One look on its way: asks about the picture and its tiles one after the other, and adds up. */
class LookSession {
  presence = 0;
  readAs: string | null = null;
  encodeMs = 0;
  decodeMs = 0;
  readonly #image: Raster8<'image'>;
  readonly #services: Pick<Services, 'segmenter' | 'plan'>;
  readonly #features: ImageFeatures;
  readonly #tracker: ProgressTracker;
  readonly #count: number;
  #asked = 0;

  constructor(
    image: Raster8<'image'>,
    services: Pick<Services, 'segmenter' | 'plan'>,
    features: ImageFeatures,
    context: JobContext,
    count: number,
  ) {
    this.#image = image;
    this.#services = services;
    this.#features = features;
    this.#count = count;
    this.#tracker = new ProgressTracker({ segment: count * (ENCODE_UNITS + 1) }, context);
  }

  async ask(tile: Rect<'image'> | null, question: Question): Promise<TileAnswer[]> {
    const detail = this.#detail(tile);
    const request = {
      image: this.#image,
      segmenter: required(this.#services.segmenter),
      ...(tile && { tile, keepBytes: this.#keepBytes }),
    };
    const encoding = (encode: () => Promise<void>) =>
      this.#tracker.work('segment', ENCODE_UNITS, 'encode-image', detail, encode);
    return this.#features.use({ ...request, encoding }, async (encoded, encodeMs) => {
      this.encodeMs += encodeMs;
      return this.#tracker.work('segment', 1, 'detect', detail, () => this.#answer(encoded, tile, question));
    });
  }

  async #answer(
    encoded: EncodedImage,
    tile: Rect<'image'> | null,
    { conceptId, phrase, examples, floor }: Question,
  ): Promise<TileAnswer[]> {
    const begin = performance.now();
    const options = { examples, limit: MAX_ANSWERS };
    const { detections, presence, readAs } = await encoded.detect(phrase.trim(), floor, options);
    this.presence = Math.max(this.presence, presence);
    this.readAs = readAs;
    const answers = tile
      ? tileAnswers(conceptId, detections, tile, this.#image)
      : wholeAnswers(conceptId, detections, this.#image);
    this.decodeMs += performance.now() - begin;
    return answers;
  }

  /** On a device that cannot hold every network, features of tiles would only push out weights. */
  get #keepBytes(): number {
    const { plan } = this.#services;
    return !plan || plan.residency === 'all' ? TILE_FEATURE_BYTES : 0;
  }

  #detail(tile: Rect<'image'> | null): Sentence {
    if (!tile) return sentence`the whole picture`;
    return sentence`tile ${++this.#asked}/${this.#count - 1}`;
  }
}
