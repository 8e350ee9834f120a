import { AppError } from '#domain/job/app-error.ts';
import type { ConceptSpec, Detection, DetectRequest } from '#domain/job/request.ts';
import { selectDetections } from '#domain/detection/select.ts';
import { logitsToMask } from '#domain/mask/bilinear.ts';
import { suppressDuplicates } from '#domain/sam3/answers.ts';
import { encodeRle, isEmptyMask } from '#domain/mask/rle.ts';
import type { Raster8 } from '#domain/raster.ts';
import { ProgressTracker, type JobContext } from './progress.ts';
import type { EncodedImage, RawDetection, Segmenter } from './services.ts';

export interface DetectOutcome {
  readonly detections: readonly Detection[];
  /** sigmoid(presence) per concept id. */
  readonly presence: Readonly<Record<string, number>>;
}

/** Longest side of the grid masks are kept on: finer than any mask head, coarse enough to stay small as runs. */
const MAX_MASK_SIDE = 2048;

/** Keeps the features of the last picture: only new pixels are encoded again. */
export class ImageFeatures {
  #key: Raster8 | null = null;
  #segmenter: Segmenter | null = null;
  #encoded: EncodedImage | null = null;

  async of(image: Raster8<'image'>, segmenter: Segmenter): Promise<EncodedImage> {
    if (this.#encoded && this.#key === image && this.#segmenter === segmenter) return this.#encoded;
    this.clear();
    this.#encoded = await segmenter.encodeImage(image);
    this.#key = image;
    this.#segmenter = segmenter;
    return this.#encoded;
  }

  clear(): void {
    this.#encoded?.dispose();
    this.#encoded = null;
    this.#key = null;
    this.#segmenter = null;
  }
}

/**
 * Finds every concept of the request in the picture. Detections come back in concept order, each concept's by
 * falling score, those its selection mode picks already ticked. `runId` keeps their ids apart from an earlier run's.
 */
export async function detect(
  image: Raster8<'image'>,
  request: DetectRequest,
  segmenter: Segmenter | null,
  features: ImageFeatures,
  runId: string,
  context: JobContext,
): Promise<DetectOutcome> {
  if (!segmenter)
    throw new AppError(
      'model-missing',
      'No SAM 3 model is loaded. Choose one in Models, or go back to the demo pack.',
    );
  const concepts = request.concepts.filter((concept) => concept.phrase.trim());
  if (concepts.length === 0)
    throw new AppError('bad-request', 'Name at least one concept to look for, for example "face".');
  const tracker = new ProgressTracker({ segment: 4 + concepts.length }, context);
  const encoded = await tracker.work('segment', 4, 'encode-image', 'once for all concepts', () =>
    features.of(image, segmenter),
  );
  const detections: Detection[] = [];
  const presence: Record<string, number> = {};
  for (const concept of concepts) {
    const found = await tracker.work('segment', 1, 'detect', `looking for “${concept.phrase}”`, () =>
      encoded.detect(concept.phrase, concept.threshold),
    );
    presence[concept.id] = found.presence;
    if (found.truncated) context.onEvent({ kind: 'notice', message: truncationNotice(concept.phrase) });
    detections.push(...conceptDetections(concept, found.detections, image, runId));
  }
  return { detections, presence };
}

function truncationNotice(phrase: string): string {
  return `“${phrase.slice(0, 40)}…” is longer than the detector can read; only its beginning was looked for.`;
}

function conceptDetections(
  concept: ConceptSpec,
  raw: readonly RawDetection[],
  image: Raster8<'image'>,
  runId: string,
): Detection[] {
  const scale = Math.min(1, MAX_MASK_SIDE / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const found = suppressDuplicates(raw)
    .sort((a, b) => b.score - a.score)
    .slice(0, concept.maxObjects)
    .map((item, i) => ({
      id: `${runId}.${concept.id}.${i}`,
      conceptId: concept.id,
      box: item.box,
      mask: encodeRle(logitsToMask(item.logits, { width, height })),
      score: item.score,
      presence: item.presence,
      enabled: false,
      edited: false,
    }))
    .filter((detection) => !isEmptyMask(detection.mask));
  const picked = selectDetections(found, concept.selection);
  return found.map((detection) => ({ ...detection, enabled: picked.has(detection.id) }));
}
