import { join } from 'node:path';
import type { Size } from '#domain/geometry/rect.ts';
import { signedDistance } from '#domain/mask/distance.ts';
import { boxPoints, type PromptPoint } from '#domain/sam3/points.ts';
import { sam3Input } from '#domain/sam3/preprocess.ts';
import { floatTensor } from '#domain/tensor.ts';
import { disposeAll, type Sam3Networks } from '#inference/segmenter-networks.ts';
import {
  Sam3Predictor,
  type PredictorAnswer,
  type PredictorFeatures,
  type PredictorPrompt,
} from '#inference/segmenter-points.ts';
import { gridOf } from '#models/sam3/config.ts';
import { bitsIou, bitsOf, insideBits, mean, readDrawings, type Bits, type DrawnPicture } from './drawings.ts';
import { readPicture } from './pictures.ts';

/** Mean IoU over drawn things, by how they were asked for. */
export interface ClickFigures {
  /** One click into the thing's innermost cell, the answer with the best predicted IoU. */
  readonly click: number;
  /** The same click, the best of its three answers. */
  readonly bestOfThree: number;
  /** After two more clicks, each into the innermost cell of the larger error. */
  readonly corrected: number;
  readonly box: number;
  /** Share of things whose click scored as "there is an object". */
  readonly there: number;
  readonly things: number;
}

/** Things of fewer cells of the mask grid are not measured. */
const MIN_CELLS = 4;
const CORRECTIONS = 2;

/** Measures the interactive predictor on drawings with exact instance masks. */
export async function clickFigures(networks: Sam3Networks, folder: string): Promise<ClickFigures> {
  const predictor = await Sam3Predictor.create(networks);
  const each: Omit<ClickFigures, 'things'>[] = [];
  for (const picture of (await readDrawings(folder)).pictures) {
    const image = await readPicture(join(folder, picture.file));
    const user = await clickUser(networks, predictor, image);
    for (const truth of distinctThings(picture, user.side)) each.push(await user.thing(truth));
    user.dispose();
  }
  const over = (name: keyof (typeof each)[number]) => mean(each.map((figures) => figures[name]));
  return {
    click: over('click'),
    bestOfThree: over('bestOfThree'),
    corrected: over('corrected'),
    box: over('box'),
    there: over('there'),
    things: each.length,
  };
}

/** Encodes a picture and stands for someone who clicks in it. */
export async function clickUser(
  networks: Sam3Networks,
  predictor: Sam3Predictor,
  image: Parameters<typeof sam3Input>[0],
): Promise<ClickUser> {
  const outputs = await networks.encode(sam3Input(image, networks.config.imageSize), 'vision+tracker');
  const { trk_fpn2, trk_s0, trk_s1 } = outputs;
  if (!trk_fpn2 || !trk_s0 || !trk_s1) throw new Error('the vision graph has no predictor features');
  const features = { trk_fpn2, trk_s0, trk_s1 };
  return new ClickUser(predictor, features, image, 4 * gridOf(networks.config), () => disposeAll(outputs));
}

/** A drawn thing once, though a woman is listed as a person too. */
function distinctThings(picture: DrawnPicture, side: number): Bits[] {
  const things = picture.instances.map((drawn) => bitsOf(drawn, picture, { width: side, height: side }));
  const distinct = new Map(things.map((bits) => [bits.join(''), bits]));
  return [...distinct.values()].filter((bits) => bits.reduce((sum, bit) => sum + bit, 0) >= MIN_CELLS);
}

export class ClickUser {
  /** Cells of the mask grid per axis. */
  readonly side: number;
  readonly dispose: () => void;
  readonly #predictor: Sam3Predictor;
  readonly #features: PredictorFeatures;
  readonly #picture: Size<'image'>;

  constructor(
    predictor: Sam3Predictor,
    features: PredictorFeatures,
    picture: Size<'image'>,
    side: number,
    dispose: () => void,
  ) {
    this.#predictor = predictor;
    this.#features = features;
    this.#picture = picture;
    this.side = side;
    this.dispose = dispose;
  }

  async thing(truth: Bits): Promise<Omit<ClickFigures, 'things'>> {
    const first = await this.click([this.#inside(truth, 'positive')]);
    const best = bestOf(first);
    const ious = first.masks.map((mask) => bitsIou(insideBits(mask), truth));
    return {
      click: ious[best] as number,
      bestOfThree: Math.max(...ious),
      corrected: await this.#corrected(truth, first.masks[best] as Float32Array),
      box: bitsIou(insideBits((await this.box(truth)).masks[0] as Float32Array), truth),
      there: first.objectScore > 0 ? 1 : 0,
    };
  }

  /** The three readings of one click. */
  click(points: readonly PromptPoint[]): Promise<PredictorAnswer> {
    return this.#ask({ points, ambiguous: true });
  }

  /** The answer to the tight box of a mask. */
  box(truth: Bits): Promise<PredictorAnswer> {
    const inside = [...truth.keys()].filter((i) => truth[i] === 1);
    const columns = inside.map((i) => i % this.side);
    const rows = inside.map((i) => Math.floor(i / this.side));
    const [x, y] = [this.#scale('width'), this.#scale('height')];
    const low = [Math.min(...columns) * x, Math.min(...rows) * y] as const;
    const high = [(Math.max(...columns) + 1) * x, (Math.max(...rows) + 1) * y] as const;
    return this.#ask({ points: boxPoints(...low, ...high), ambiguous: false });
  }

  async #corrected(truth: Bits, answer: Float32Array): Promise<number> {
    const points = [this.#inside(truth, 'positive')];
    let logits = answer;
    for (let n = 0; n < CORRECTIONS; n++) {
      const got = insideBits(logits);
      if (bitsIou(got, truth) === 1) break;
      points.push(this.#correction(truth, got));
      const mask = floatTensor([1, 1, this.side, this.side], logits.slice());
      logits = (await this.#ask({ points, mask, ambiguous: false })).masks[0] as Float32Array;
    }
    return bitsIou(insideBits(logits), truth);
  }

  #correction(truth: Bits, got: Bits): PromptPoint {
    const missed = truth.map((bit, i) => bit & (1 - (got[i] as number)));
    const surplus = got.map((bit, i) => bit & (1 - (truth[i] as number)));
    const add = innermost(missed, this.side).depth >= innermost(surplus, this.side).depth;
    return add ? this.#inside(missed, 'positive') : this.#inside(surplus, 'negative');
  }

  #ask(prompt: PredictorPrompt): Promise<PredictorAnswer> {
    return this.#predictor.predict(this.#features, this.#picture, prompt);
  }

  #inside(region: Bits, label: 'positive' | 'negative'): PromptPoint {
    const { x, y } = innermost(region, this.side);
    return { x: (x + 0.5) * this.#scale('width'), y: (y + 0.5) * this.#scale('height'), label };
  }

  #scale(axis: 'width' | 'height'): number {
    return this.#picture[axis] / this.side;
  }
}

/** Index of the mask with the best predicted IoU. */
export function bestOf({ iou }: PredictorAnswer): number {
  return iou.indexOf(Math.max(...iou));
}

/** The cell farthest from the region's edge, and how far that is; −∞ or below 0 for an empty region. */
export function innermost(region: Bits, side: number): { x: number; y: number; depth: number } {
  const { data } = signedDistance<'image'>({ width: side, height: side, data: Float32Array.from(region) });
  const at = data.reduce((best, depth, i) => (depth > (data[best] as number) ? i : best), 0);
  return { x: at % side, y: Math.floor(at / side), depth: data[at] as number };
}
