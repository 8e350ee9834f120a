import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resizeField } from '#domain/mask/bilinear.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import type { Field } from '#domain/raster.ts';
import type { Segmenter } from '#pipelines/services.ts';
import { readPicture } from './pictures.ts';

interface DrawnInstance {
  readonly concept: string;
  readonly phrase: string;
  readonly rle: readonly number[];
}

interface DrawnPicture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Concepts too small in this picture to count as present or absent. */
  readonly tooSmall: readonly string[];
  readonly instances: readonly DrawnInstance[];
}

export interface DetectionFigures {
  /** Mean over concepts of the mean IoU over their drawn instances; a missed instance counts 0. */
  readonly meanIou: number;
  readonly perConcept: Readonly<Record<string, number>>;
  /** Share of (picture, absent concept) pairs in which something was found all the same. */
  readonly falseOnAbsent: number;
}

type Bits = Uint8Array;

/** Measures a segmenter on held-out drawings with exact instance masks. */
export async function detectionFigures(
  segmenter: Segmenter,
  folder: string,
  threshold: number,
): Promise<DetectionFigures> {
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as {
    vocabulary: string[];
    pictures: DrawnPicture[];
  };
  const ious = new Map<string, number[]>();
  let absent = 0;
  let found = 0;
  for (const picture of index.pictures) {
    const image = await segmenter.encodeImage(await readPicture(join(folder, picture.file)));
    for (const concept of index.vocabulary) {
      const drawn = picture.instances.filter((instance) => instance.concept === concept);
      if (drawn.length === 0 && picture.tooSmall.includes(concept)) continue;
      const { detections } = await image.detect(drawn[0]?.phrase ?? concept, threshold);
      if (drawn.length > 0)
        ious.set(concept, [...(ious.get(concept) ?? []), ...matchedIous(detections, drawn, picture)]);
      else {
        absent++;
        if (detections.length > 0) found++;
      }
    }
    image.dispose();
  }
  return summary(ious, found / Math.max(1, absent));
}

function summary(ious: ReadonlyMap<string, readonly number[]>, falseOnAbsent: number): DetectionFigures {
  const means = [...ious].map(([concept, values]) => [concept, mean(values)] as const);
  return {
    meanIou: mean(means.map(([, value]) => value)),
    perConcept: Object.fromEntries(means),
    falseOnAbsent,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Best IoU of every drawn instance, each detection used once, greedily from the best pair down. */
function matchedIous(
  detections: readonly { readonly logits: Field<'image'> }[],
  drawn: readonly DrawnInstance[],
  picture: DrawnPicture,
): number[] {
  const truths = drawn.map((instance) => bitsOf(instance, picture, detections[0]?.logits));
  const masks = detections.map(({ logits }) => Uint8Array.from(logits.data, (value) => (value > 0 ? 1 : 0)));
  const result = new Array<number>(truths.length).fill(0);
  const pairs = masks.flatMap((mask, d) => truths.map((truth, t) => ({ d, t, iou: iou(mask, truth) })));
  const usedDetections = new Set<number>();
  const usedTruths = new Set<number>();
  for (const pair of pairs.sort((a, b) => b.iou - a.iou)) {
    if (usedDetections.has(pair.d) || usedTruths.has(pair.t)) continue;
    usedDetections.add(pair.d);
    usedTruths.add(pair.t);
    result[pair.t] = pair.iou;
  }
  return result;
}

/** A drawn instance at the mask head's resolution: covered by more than half. */
function bitsOf({ rle }: DrawnInstance, { width, height }: DrawnPicture, like?: Field<'image'>): Bits {
  const mask = decodeRle({ width, height, runs: rle });
  if (!like) return new Uint8Array(0);
  const coverage = boxMeans(
    { width, height, data: Float32Array.from(mask.data, (value) => value / 255) },
    like,
  );
  return Uint8Array.from(coverage.data, (value) => (value > 0.5 ? 1 : 0));
}

function boxMeans(field: Field<'image'>, { width, height }: Field<'image'>): Field<'image'> {
  if (width > field.width || height > field.height) return resizeField(field, { width, height });
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [x0, x1] = [Math.floor((x * field.width) / width), Math.ceil(((x + 1) * field.width) / width)];
      const [y0, y1] = [
        Math.floor((y * field.height) / height),
        Math.ceil(((y + 1) * field.height) / height),
      ];
      let sum = 0;
      for (let v = y0; v < y1; v++)
        for (let u = x0; u < x1; u++) sum += field.data[v * field.width + u] as number;
      data[y * width + x] = sum / ((x1 - x0) * (y1 - y0));
    }
  return { width, height, data };
}

function iou(a: Bits, b: Bits): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += (a[i] as number) & (b[i] as number);
    either += (a[i] as number) | (b[i] as number);
  }
  return either === 0 ? 0 : both / either;
}
