import { AppError } from '#domain/job/app-error.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { logitsToRle } from '#domain/mask/logits-rle.ts';
import type { PickQuestion, RawPick } from '#domain/sam3/contract.ts';
import { fillLogitHoles } from '#domain/sam3/holes.ts';
import type { Raster8 } from '#domain/raster.ts';
import { maskGrid, required } from './detect.ts';
import type { ImageFeatures } from './image-features.ts';
import type { Segmenter } from './services.ts';

/** One reading of what was clicked, on the picture's mask grid. */
export interface PickedMask {
  readonly mask: MaskRle;
  /** Predicted IoU, 0 to 1. */
  readonly score: number;
}

/** The best reading, with the others a click could mean. */
export interface PickOutcome extends PickedMask {
  /** Whether there is an object at all, as a probability. */
  readonly object: number;
  /** The other readings of an ambiguous click, best first. */
  readonly alternatives: readonly PickedMask[];
}

/**
 * What clicks, a box or a mask mean in the picture, on its mask grid and with small holes closed (spec/sam3.md 4). The
 * picture is encoded where it is not yet; the detector then finds its features there, and the other way round.
 * @throws AppError `bad-request` for an empty question, `model-missing` where the model has no predictor.
 */
export async function pick(
  image: Raster8<'image'>,
  question: PickQuestion,
  segmenter: Segmenter | null,
  features: ImageFeatures,
): Promise<PickOutcome> {
  if (question.points.length === 0 && !question.box && !question.mask)
    throw new AppError('bad-request', 'Click on something in the picture or draw a box around it.');
  return features.use({ image, segmenter: required(segmenter) }, async (encoded) => {
    const { answers, object } = await encoded.pick(question);
    const [best, ...alternatives] = answers.map((answer) => pickedMask(answer, image));
    if (!best) throw new Error('the predictor answered with no mask');
    return { ...best, object, alternatives };
  });
}

function pickedMask({ logits, score }: RawPick['answers'][number], image: Raster8<'image'>): PickedMask {
  return {
    mask: logitsToRle(fillLogitHoles(logits), maskGrid(image)),
    // Heads without a final sigmoid may say a little more than 1.
    score: Math.min(1, Math.max(0, score)),
  };
}
