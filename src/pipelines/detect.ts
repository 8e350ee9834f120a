import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { ConceptSpec, DetectRequest, FoundObject } from '#domain/job/request.ts';
import { logitsToRle } from '#domain/mask/logits-rle.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { RawDetection } from '#domain/sam3/contract.ts';
import type { ImageFeatures } from './image-features.ts';
import { ProgressTracker, type JobContext } from './progress.ts';
import type { EncodedImage, Segmenter } from './services.ts';

/** What a detector run found; candidates below thresholds are among it. */
export interface DetectOutcome {
  readonly found: readonly FoundObject[];
  /** sigmoid(presence) per concept id. */
  readonly presence: Readonly<Record<string, number>>;
  /** As much as was read of phrases that are too long, per concept id. */
  readonly readAs: Readonly<Record<string, string>>;
}

/** Longest side of the grid masks are kept on: finer than any mask head, coarse enough to stay small as runs. */
const MAX_MASK_SIDE = 2048;

/** Answers down to here are kept however high a concept's threshold is, so that lowering it needs no new run. */
export const DETECTION_FLOOR = 0.1;

/** Most answers of one prompt about one picture. */
export const MAX_ANSWERS = 60;

/**
 * Asks for every concept of the request in the picture. Answers come back in concept order, each concept's by falling
 * score, as the model gave them: no rule has been applied, no repeated answer dropped.
 */
export async function detect(
  image: Raster8<'image'>,
  request: DetectRequest,
  segmenter: Segmenter | null,
  features: ImageFeatures,
  context: JobContext,
): Promise<DetectOutcome> {
  const model = required(segmenter);
  const concepts = request.concepts.filter((concept) => concept.phrase.trim());
  if (concepts.length === 0)
    throw new AppError('bad-request', 'Name at least one concept to look for, for example "face".');
  const tracker = new ProgressTracker({ segment: 4 + concepts.length }, context);
  const encoding = (encode: () => Promise<void>) =>
    tracker.work('segment', 4, 'encode-image', sentence`once for all concepts`, encode);
  return features.use({ image, segmenter: model, encoding }, async (encoded) => {
    const found: FoundObject[] = [];
    const presence: Record<string, number> = {};
    const readAs: Record<string, string> = {};
    for (const concept of concepts) {
      const answer = await tracker.work(
        'segment',
        1,
        'detect',
        sentence`looking for “${concept.phrase}”`,
        () => conceptAnswers(concept, encoded, image),
      );
      found.push(...answer.found);
      presence[concept.id] = answer.presence;
      if (answer.readAs === null) continue;
      readAs[concept.id] = answer.readAs;
      context.onEvent({ kind: 'notice', message: tooLong(concept.phrase, answer.readAs) });
    }
    return { found, presence, readAs };
  });
}

/** @throws AppError `model-missing` where there is no detector. */
export function required(segmenter: Segmenter | null): Segmenter {
  if (segmenter) return segmenter;
  throw new AppError(
    'model-missing',
    'No SAM 3 model is loaded. Choose one in Models, or go back to the demo pack.',
  );
}

function tooLong(phrase: string, readAs: string): Sentence {
  return sentence`“${phrase.slice(0, 40)}…” is longer than the detector can read. It looked for “${readAs}”.`;
}

async function conceptAnswers(
  { id, phrase, threshold }: ConceptSpec,
  encoded: EncodedImage,
  image: Size<'image'>,
) {
  const floor = Math.min(threshold, DETECTION_FLOOR);
  const { detections, presence, readAs } = await encoded.detect(phrase, floor, { limit: MAX_ANSWERS });
  return { found: foundObjects(id, detections, image), presence, readAs };
}

/** Answers by falling score with masks on the picture's mask grid; those without a pixel are left out. */
export function foundObjects(
  conceptId: string,
  raw: readonly RawDetection[],
  image: Size<'image'>,
): FoundObject[] {
  const grid = maskGrid(image);
  return raw
    .toSorted((a, b) => b.score - a.score)
    .map(({ box, score, presence, logits }) => ({
      conceptId,
      box,
      mask: logitsToRle(logits, grid),
      score,
      presence,
    }))
    .filter(({ mask }) => !isEmptyMask(mask));
}

/** The grid a picture's masks are kept on. */
export function maskGrid({ width, height }: Size<'image'>): Size<'image'> {
  const scale = Math.min(1, MAX_MASK_SIDE / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
