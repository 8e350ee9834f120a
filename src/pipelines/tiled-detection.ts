import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { ConceptExample } from '#domain/job/request.ts';
import { logitsToRle } from '#domain/mask/logits-rle.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
import type { RawDetection } from '#domain/sam3/contract.ts';
import type { TileAnswer } from '#domain/sam3/merge-tiles.ts';
import { fromTile, intoTile, onGrid } from '#domain/sam3/tiles.ts';
import { foundObjects, maskGrid } from './detect.ts';

/** What is asked about a picture or one of its tiles. */
export interface Question {
  readonly conceptId: string;
  readonly phrase: string;
  /** In fractions of what is asked about. */
  readonly examples: readonly ConceptExample[];
  readonly floor: number;
}

/**
 * The question as a tile is asked it: with those examples whose centre it shows, because an example is read from the
 * features around it. Null where nothing is left to ask.
 */
export function tileQuestion(
  question: Question,
  tile: Rect<'image'>,
  picture: Size<'image'>,
): Question | null {
  const examples = question.examples.flatMap(({ box, positive }) => {
    const inside = intoTile(box, tile, picture);
    return inside ? [{ box: inside, positive }] : [];
  });
  const askable = question.phrase.trim() !== '' || examples.some(({ positive }) => positive);
  return askable ? { ...question, examples } : null;
}

/** Answers about a tile, moved to the whole picture; those without a pixel are left out. */
export function tileAnswers(
  conceptId: string,
  detections: readonly RawDetection[],
  tile: Rect<'image'>,
  picture: Size<'image'>,
): TileAnswer[] {
  const grid = maskGrid(picture);
  const area = onGrid(tile, picture, grid);
  return detections
    .map(({ box, score, presence, logits }) => ({
      found: {
        conceptId,
        box: fromTile(box, tile, picture),
        mask: logitsToRle(logits, grid, area),
        score,
        presence,
      },
      tile: area,
      cellPx: area.width / logits.width,
    }))
    .filter(({ found }) => !isEmptyMask(found.mask));
}

/** Answers about the whole picture, to be merged with those of its tiles. */
export function wholeAnswers(
  conceptId: string,
  detections: readonly RawDetection[],
  picture: Size<'image'>,
): TileAnswer[] {
  const [first] = detections;
  const cellPx = first ? maskGrid(picture).width / first.logits.width : 0;
  return foundObjects(conceptId, detections, picture).map((found) => ({ found, tile: null, cellPx }));
}
