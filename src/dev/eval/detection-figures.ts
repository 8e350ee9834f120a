import { join } from 'node:path';
import type { Field } from '#domain/raster.ts';
import type { Segmenter } from '#pipelines/services.ts';
import {
  bitsIou,
  bitsOf,
  insideBits,
  mean,
  readDrawings,
  type DrawnInstance,
  type DrawnPicture,
} from './drawings.ts';
import { readPicture } from './pictures.ts';

export interface DetectionFigures {
  /** Mean over concepts of the mean IoU over their drawn instances; a missed instance counts 0. */
  readonly meanIou: number;
  readonly perConcept: Readonly<Record<string, number>>;
  /** Share of (picture, absent concept) pairs in which something was found all the same. */
  readonly falseOnAbsent: number;
}

/** Measures a segmenter on held-out drawings with exact instance masks. */
export async function detectionFigures(
  segmenter: Segmenter,
  folder: string,
  threshold: number,
): Promise<DetectionFigures> {
  const index = await readDrawings(folder);
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

/** Best IoU of every drawn instance, each detection used once, greedily from the best pair down. */
function matchedIous(
  detections: readonly { readonly logits: Field<'image'> }[],
  drawn: readonly DrawnInstance[],
  picture: DrawnPicture,
): number[] {
  const result = new Array<number>(drawn.length).fill(0);
  const [first] = detections;
  if (!first) return result;
  const truths = drawn.map((instance) => bitsOf(instance, picture, first.logits));
  const masks = detections.map(({ logits }) => insideBits(logits.data));
  const pairs = masks.flatMap((mask, d) => truths.map((truth, t) => ({ d, t, iou: bitsIou(mask, truth) })));
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
