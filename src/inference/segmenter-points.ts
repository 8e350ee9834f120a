import { gridOf } from '#models/sam3/config.ts';
import { GAUSSIAN_MATRIX } from '#models/sam3/pvs.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { chosenMasks } from '#domain/sam3/answers.ts';
import { gridCode, pointInputs, type PromptPoint } from '#domain/sam3/points.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import type { Feed } from './runtime.ts';
import { disposeAll, type Outputs, type Sam3Networks } from './segmenter-networks.ts';

/** Features of the interactive predictor, by graph input name. */
export type PredictorFeatures = Readonly<Record<'trk_fpn2' | 'trk_s0' | 'trk_s1', Feed>>;

/** What one run of the predictor is asked. */
export interface PredictorPrompt {
  /** Points and box corners in pixels of the picture. */
  readonly points: readonly PromptPoint[];
  /** Logits [1,1,4g,4g] of an earlier answer to refine. */
  readonly mask?: FloatTensor;
  /** One click is ambiguous: ask for three answers instead of one. */
  readonly ambiguous: boolean;
}

/** What one run answers: one mask, or three of an ambiguous prompt. */
export interface PredictorAnswer {
  /** Mask logits on (4g)² cells, not clamped. */
  readonly masks: readonly Float32Array[];
  /** Predicted IoU of each mask. */
  readonly iou: readonly number[];
  /** Above 0: there is an object. */
  readonly objectScore: number;
}

/** SAM 3's interactive predictor (spec/sam3.md 4): points, boxes and masks instead of a phrase. */
export class Sam3Predictor {
  readonly #networks: Sam3Networks;
  readonly #gaussian: FloatTensor;
  readonly #imageCode: FloatTensor;

  private constructor(networks: Sam3Networks, gaussian: FloatTensor) {
    this.#networks = networks;
    this.#gaussian = gaussian;
    this.#imageCode = gridCode(gridOf(networks.config), gaussian);
  }

  /** @throws AppError `model-missing` when the file holds only the detector. */
  static async create(networks: Sam3Networks): Promise<Sam3Predictor> {
    if (!networks.config.tracker)
      throw new AppError(
        'model-missing',
        sentence`"${networks.weights.name}" has no interactive predictor; clicks and boxes need a complete SAM 3 file.`,
      );
    return new Sam3Predictor(networks, await networks.weights.float(GAUSSIAN_MATRIX));
  }

  /** Raw outputs of the graph for a prompt: all four masks. Whoever receives them disposes them. */
  run(
    features: PredictorFeatures,
    picture: Size<'image'>,
    { points, mask }: PredictorPrompt,
  ): Promise<Outputs> {
    const inputs = pointInputs(points, picture, this.#networks.config.imageSize, this.#gaussian);
    const feeds = { ...features, ...inputs, image_pe: this.#imageCode };
    return mask
      ? this.#networks.run('pvs+mask', { ...feeds, mask_input: mask })
      : this.#networks.run('pvs', feeds);
  }

  async predict(
    features: PredictorFeatures,
    picture: Size<'image'>,
    prompt: PredictorPrompt,
  ): Promise<PredictorAnswer> {
    const outputs = await this.run(features, picture, prompt);
    try {
      return await answerOf(outputs, prompt.ambiguous);
    } finally {
      disposeAll(outputs);
    }
  }
}

/** Chooses among the four masks of a run. */
export async function answerOf(outputs: Outputs, ambiguous: boolean): Promise<PredictorAnswer> {
  const read = async (name: string) => (await outputs[name]?.read())?.data as Float32Array;
  const all = await read('all_masks');
  const iou = await read('all_iou');
  const length = all.length / iou.length;
  const masks = Array.from(iou, (_, i) => all.subarray(i * length, (i + 1) * length));
  const chosen = chosenMasks(masks, iou, ambiguous);
  return {
    masks: chosen.map((i) => masks[i] as Float32Array),
    iou: chosen.map((i) => iou[i] as number),
    objectScore: (await read('object_score'))[0] as number,
  };
}
