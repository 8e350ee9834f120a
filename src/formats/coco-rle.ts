import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { transposeRle } from '#domain/mask/transpose.ts';

/**
 * Masks as data sets in the COCO format store them (cocodataset.org, "RLE"): size [height, width] and run lengths in
 * column-major order, zeros first, as numbers or as the text pycocotools makes of them.
 */
export interface CocoRle {
  readonly size: readonly [height: number, width: number];
  readonly counts: string | readonly number[];
}

/** Larger than any mask of a picture this studio opens; what claims more is damaged. */
const MAX_SIDE_PX = 16384;

/** The text form, which is what other tools write. */
export function toCocoRle(mask: MaskRle): CocoRle {
  return { size: [mask.height, mask.width], counts: countsToText(transposeRle(mask).runs) };
}

/** @throws AppError bad-file, naming the file, when the value is no COCO mask or its runs do not fill its size. */
export function fromCocoRle(value: unknown, fileName: string): MaskRle {
  const { size, counts } = asRecord(value);
  if (!isSize(size))
    throw unreadable(fileName, sentence`its "size" is not [height, width], each from 1 to ${MAX_SIDE_PX}`);
  const [height, width] = size;
  const runs = typeof counts === 'string' ? textToCounts(counts, fileName) : counts;
  if (!isRuns(runs)) throw unreadable(fileName, sentence`its "counts" are neither whole numbers nor text`);
  const filled = runs.reduce((sum, run) => sum + run, 0);
  if (filled !== width * height)
    throw unreadable(
      fileName,
      sentence`its runs describe ${filled} pixels, but its size is ${width}×${height} px`,
    );
  return transposeRle({ width: height, height: width, runs });
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isSize(value: unknown): value is readonly [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE_PX)
  );
}

function isRuns(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((run) => Number.isInteger(run) && run >= 0);
}

/** First character of the alphabet: "0" stands for 0, "o" for 63. */
const FIRST_CODE = 48;
/** Five bits of a number per character, low ones first; the sixth says that more follow. */
const DIGIT_BITS = 5;
const MORE = 0x20;
const SIGN = 0x10;
/** Six characters hold any difference of runs of a mask of MAX_SIDE_PX²; bit operations hold no more. */
const MAX_DIGITS = 6;

/** From the fourth run on, the difference to the run before the last is written: neighbouring columns are alike. */
function countsToText(counts: readonly number[]): string {
  return counts.map((count, i) => numberToText(i > 2 ? count - (counts[i - 2] as number) : count)).join('');
}

function numberToText(value: number): string {
  let text = '';
  for (let rest = value; ;) {
    const digit = rest & (MORE - 1);
    rest >>= DIGIT_BITS;
    const done = rest === (digit & SIGN ? -1 : 0);
    text += String.fromCharCode(FIRST_CODE + digit + (done ? 0 : MORE));
    if (done) return text;
  }
}

function textToCounts(text: string, fileName: string): number[] {
  const counts: number[] = [];
  let [value, digits] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at) - FIRST_CODE;
    if (code < 0 || code >= 2 * MORE)
      throw unreadable(
        fileName,
        sentence`its "counts" hold the character "${text[at] ?? ''}", which is not part of the code`,
      );
    if (digits === MAX_DIGITS)
      throw unreadable(fileName, sentence`its "counts" hold a number that is too long`);
    value |= (code & (MORE - 1)) << (DIGIT_BITS * digits++);
    if (code & MORE) continue;
    if (code & SIGN) value |= -1 << (DIGIT_BITS * digits);
    counts.push(counts.length > 2 ? value + (counts[counts.length - 2] as number) : value);
    [value, digits] = [0, 0];
  }
  if (digits > 0) throw unreadable(fileName, sentence`its "counts" end in the middle of a number`);
  return counts;
}

function unreadable(fileName: string, reason: Sentence): AppError {
  return new AppError(
    'bad-file',
    sentence`"${fileName}" holds no mask in COCO's run-length form that this studio can read: ${reason}.`,
  );
}
