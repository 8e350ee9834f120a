import { resizeField } from '#domain/mask/bilinear.ts';
import { boxPoints, type PromptPoint } from '#domain/sam3/points.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { disposeAll, joinRows, pickRows, type Outputs } from '#inference/segmenter-networks.ts';
import { answerOf, Sam3Predictor, type PredictorPrompt } from '#inference/segmenter-points.ts';
import { valueOf, type Sam3Checks } from './sam3.ts';
import { GoldenError } from './types.ts';

/** Every `pvs.<case>` of the folder: prompts in pixels of the original picture. */
export async function checkPredictor(checks: Sam3Checks, features: Outputs): Promise<void> {
  const { networks, inputs } = checks;
  const cases = new Set(inputs.names.flatMap((name) => /^pvs\.(\w+)\.in\./.exec(name)?.[1] ?? []));
  if (cases.size === 0) return;
  const predictor = await Sam3Predictor.create(networks);
  const picture = pictureSize(checks.config);
  const { trk_fpn2, trk_s0, trk_s1 } = features;
  if (!trk_fpn2 || !trk_s0 || !trk_s1) throw new GoldenError('the vision graph has no predictor features');
  for (const name of cases) {
    const prompt = await promptOf(checks, `pvs.${name}`);
    const outputs = await predictor.run({ trk_fpn2, trk_s0, trk_s1 }, picture, prompt);
    await checkAnswer(checks, `pvs.${name}`, outputs, prompt, picture);
    disposeAll(outputs);
  }
  if (cases.has('box') && cases.has('points2_single')) await checkBoxAndPoints(checks, predictor, features);
}

/**
 * A box together with several points, which no case records: the prompt encoder treats tokens one by one
 * (spec/sam3.md 4.2), so theirs are the recorded corners, then the recorded points with their padding.
 */
async function checkBoxAndPoints(
  checks: Sam3Checks,
  predictor: Sam3Predictor,
  { trk_fpn2, trk_s0, trk_s1 }: Outputs,
): Promise<void> {
  if (!trk_fpn2 || !trk_s0 || !trk_s1) throw new GoldenError('the vision graph has no predictor features');
  const [box, several] = ['pvs.box', 'pvs.points2_single'];
  const points = [...(await boxOf(checks.inputs, box)), ...(await pointsOf(checks.inputs, several))];
  const picture = pictureSize(checks.config);
  const outputs = await predictor.run({ trk_fpn2, trk_s0, trk_s1 }, picture, { points, ambiguous: false });
  const corners = pickRows(await checks.expected(`${box}.sparse`), [0, 1]);
  const recorded = joinRows(corners, await checks.expected(`${several}.sparse`));
  checks.checkAgainst('pvs.box_and_points.sparse', await valueOf(outputs, 'sparse'), recorded);
  disposeAll(outputs);
}

function pictureSize(config: Sam3Checks['config']): { width: number; height: number } {
  const size = config['original_size_hw'];
  if (!Array.isArray(size)) throw new GoldenError('config.json has no "original_size_hw".');
  const [height, width] = size.map(Number);
  return { width: width as number, height: height as number };
}

/** The recorded number of answers says whether several were asked for. */
async function promptOf(checks: Sam3Checks, name: string): Promise<PredictorPrompt> {
  const { inputs } = checks;
  const points = [...(await boxOf(inputs, name)), ...(await pointsOf(inputs, name))];
  const ambiguous = (await checks.expected(`${name}.iou`)).data.length > 1;
  const key = `${name}.in.mask_input`;
  if (!inputs.has(key)) return { points, ambiguous };
  const { dims, data } = await inputs.float(key);
  return { points, ambiguous, mask: floatTensor([1, ...dims], data) };
}

async function boxOf(inputs: SafetensorsFile, name: string): Promise<PromptPoint[]> {
  if (!inputs.has(`${name}.in.box`)) return [];
  const [x0, y0, x1, y1] = (await inputs.float(`${name}.in.box`)).data as unknown as [
    number,
    number,
    number,
    number,
  ];
  return boxPoints(x0, y0, x1, y1);
}

async function pointsOf(inputs: SafetensorsFile, name: string): Promise<PromptPoint[]> {
  if (!inputs.has(`${name}.in.point_coords`)) return [];
  const { data } = await inputs.float(`${name}.in.point_coords`);
  const labels = (await inputs.float(`${name}.in.point_labels`)).data;
  return Array.from(labels, (label, i) => ({
    x: data[2 * i] as number,
    y: data[2 * i + 1] as number,
    label: label === 1 ? ('positive' as const) : ('negative' as const),
  }));
}

async function checkAnswer(
  checks: Sam3Checks,
  name: string,
  outputs: Outputs,
  { ambiguous }: PredictorPrompt,
  picture: { width: number; height: number },
): Promise<void> {
  await checks.check(`${name}.sparse`, await valueOf(outputs, 'sparse'));
  await checks.check(`${name}.dense`, await valueOf(outputs, 'dense'));
  const { masks, iou, objectScore } = await answerOf(outputs, ambiguous);
  const count = masks.length;
  const side = Math.sqrt((masks[0] as Float32Array).length);
  await checks.check(`${name}.raw_low_res`, joined(masks, [1, count, side, side]));
  await checks.check(`${name}.iou`, floatTensor([1, count], Float32Array.from(iou)));
  await checks.check(`${name}.object_score_logits`, floatTensor([1, 1], Float32Array.of(objectScore)));
  const large = masks.map((data) => resizeField({ width: side, height: side, data }, picture).data);
  await checks.check(`${name}.masks`, joined(large, [count, picture.height, picture.width]));
}

function joined(fields: readonly Float32Array[], dims: readonly number[]): FloatTensor {
  const result = floatTensor(dims);
  fields.forEach((field, i) => result.data.set(field, i * field.length));
  return result;
}
