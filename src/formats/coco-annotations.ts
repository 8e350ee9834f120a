import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { maskAreaPx, rleBounds, unionAll } from '#domain/mask/rle-algebra.ts';
import { polygonToRle } from '#domain/mask/shapes.ts';
import { fromCocoRle, toCocoRle } from './coco-rle.ts';

/** A mask with its category's name, empty where the file does not say. */
export interface AnnotatedMask {
  readonly name: string;
  readonly mask: MaskRle;
  /** How well a detector scored it, 0 to 1 (COCO's "Results format"); missing where the file does not say. */
  readonly score?: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** More than any picture holds objects; a file that says so would fill the document. */
const MAX_MASKS = 1000;

/**
 * Masks in a JSON text in any of COCO's shapes (cocodataset.org, "Object detection"): one run-length mask, an annotation
 * with a `segmentation`, a list of either, or a data set with `annotations`. Polygons need their picture's size.
 * @throws AppError bad-file, naming the file, when there is none or one cannot be read.
 */
export function readCocoMasks(text: string, fileName: string): readonly AnnotatedMask[] {
  const root = parsed(text, fileName);
  const file = fieldsOf(root);
  const list = Array.isArray(root) ? root : Array.isArray(file['annotations']) ? file['annotations'] : [root];
  if (list.length > MAX_MASKS)
    throw new AppError(
      'bad-file',
      sentence`"${fileName}" holds ${list.length} masks, more than the ${MAX_MASKS} this studio takes at once.`,
    );
  const masks = (list as readonly unknown[]).map((entry) => annotated(fieldsOf(entry), file, fileName));
  if (masks.length === 0) throw new AppError('bad-file', sentence`"${fileName}" holds no masks.`);
  return masks;
}

function parsed(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad-file', sentence`"${fileName}" is not JSON: it is cut off or damaged.`, { cause });
  }
}

function annotated(entry: Fields, file: Fields, fileName: string): AnnotatedMask {
  const segmentation = entry['segmentation'] ?? entry;
  const about = { name: nameOf(entry, file), ...scoreOf(entry) };
  if (!Array.isArray(segmentation)) return { ...about, mask: fromCocoRle(segmentation, fileName) };
  return { ...about, mask: polygons(segmentation, pictureOf(entry, file, fileName), fileName) };
}

function nameOf(entry: Fields, file: Fields): string {
  const category = listed(file, 'categories').find(({ id }) => id === entry['category_id']);
  const name = category?.['name'];
  return typeof name === 'string' ? name : '';
}

function scoreOf({ score }: Fields): { readonly score?: number } {
  return typeof score === 'number' && score >= 0 && score <= 1 ? { score } : {};
}

function pictureOf(entry: Fields, file: Fields, fileName: string): Size<'image'> {
  const images = listed(file, 'images');
  const { width, height } = images.find(({ id }) => id === entry['image_id']) ?? images[0] ?? entry;
  if (isSide(width) && isSide(height)) return { width, height };
  throw new AppError(
    'bad-file',
    sentence`"${fileName}" holds polygons without the width and height of their picture, so nobody can tell where they lie.`,
  );
}

/** Each polygon is a list x, y, x, y, …; an object in several parts has several. */
function polygons(parts: readonly unknown[], picture: Size<'image'>, fileName: string): MaskRle {
  const masks = parts.map((part) => {
    if (!Array.isArray(part) || part.length < 6 || !part.every(Number.isFinite))
      throw new AppError(
        'bad-file',
        sentence`"${fileName}" holds a polygon that is not a list of at least three points.`,
      );
    const numbers = part as readonly number[];
    const points = Array.from({ length: numbers.length >> 1 }, (_, i) => ({
      x: numbers[2 * i] as number,
      y: numbers[2 * i + 1] as number,
    }));
    return polygonToRle(points, picture, 'non-zero');
  });
  return unionAll(masks, picture);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listed(file: Fields, key: string): readonly Fields[] {
  const list = file[key];
  return Array.isArray(list) ? list.map(fieldsOf) : [];
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 16384;
}

/** Masks of one picture as a COCO data set; masks of one name share a category. Boxes are [x, y, width, height]. */
export function cocoDataSet(masks: readonly AnnotatedMask[], picture: Size<'image'>): object {
  const names = [...new Set(masks.map(({ name }) => name))];
  return {
    images: [{ id: 1, width: picture.width, height: picture.height }],
    categories: names.map((name, i) => ({ id: i + 1, name })),
    annotations: masks.map(({ name, mask, score }, i) => {
      const { x, y, width, height } = rleBounds(mask) ?? { x: 0, y: 0, width: 0, height: 0 };
      return {
        id: i + 1,
        image_id: 1,
        category_id: names.indexOf(name) + 1,
        segmentation: toCocoRle(mask),
        area: maskAreaPx(mask),
        bbox: [x, y, width, height],
        iscrowd: 0,
        ...(score === undefined ? {} : { score }),
      };
    }),
  };
}
