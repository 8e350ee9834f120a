import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sam3Model } from '#inference/segmenter-model.ts';
import { Sam3Networks } from '#inference/segmenter-networks.ts';
import { Sam3Predictor } from '#inference/segmenter-points.ts';
import { Sam3Segmenter } from '#inference/segmenter.ts';
import { checkSam3Keys } from '#models/sam3/keys.ts';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { bestOf, clickUser, innermost, type ClickUser } from '../../../src/dev/eval/click-figures.ts';
import {
  bitsIou,
  bitsOf,
  insideBits,
  readDrawings,
  type Bits,
  type DrawnInstance,
} from '../../../src/dev/eval/drawings.ts';
import { readPicture } from '../../../src/dev/eval/pictures.ts';

const root = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const file = await openSafetensors(root('models/demo/sam3.safetensors'));
const model = sam3Model(file);
const networks = new Sam3Networks(new OrtNodeRuntime({ threads: 1 }), model);
const predictor = await Sam3Predictor.create(networks);

afterAll(() => networks.release());

/** One click into the innermost cell of a mask, in pixels of a picture. */
function clickInto(mask: Bits, user: ClickUser, { width, height }: { width: number; height: number }) {
  const { x, y } = innermost(mask, user.side);
  return {
    x: ((x + 0.5) * width) / user.side,
    y: ((y + 0.5) * height) / user.side,
    label: 'positive' as const,
  };
}

test('the demo file holds exactly the tensors that its graphs read', () => {
  expect(checkSam3Keys(file.shapes)).toEqual({ missing: [], unknown: [] });
  expect(model.config.tracker).toMatchObject({ iouSigmoid: true });
});

describe.each([
  ['portrait.png', 'face'],
  ['windowsill.png', 'vase'],
])('the sample %s', (name, concept) => {
  let user: ClickUser;
  let picture: { width: number; height: number };
  let found: Bits;

  beforeAll(async () => {
    const image = await readPicture(root(`models/demo/samples/${name}`));
    const segmenter = new Sam3Segmenter(new OrtNodeRuntime({ threads: 1 }), model);
    const { detections } = await (await segmenter.encodeImage(image)).detect(concept, 0.5);
    await segmenter.release();
    const [best] = [...detections].sort((a, b) => b.score - a.score);
    found = insideBits(best!.logits.data);
    picture = image;
    user = await clickUser(networks, predictor, image);
  });
  afterAll(() => user.dispose());

  test(`a click picks the ${concept} that its word finds`, async () => {
    const answer = await user.click([clickInto(found, user, picture)]);
    expect(answer.objectScore).toBeGreaterThan(0);
    expect(answer.masks).toHaveLength(3);
    expect(bitsIou(insideBits(answer.masks[bestOf(answer)]!), found)).toBeGreaterThan(0.5);
  });

  test(`a box around the ${concept} picks it`, async () => {
    const { masks } = await user.box(found);
    expect(bitsIou(insideBits(masks[0]!), found)).toBeGreaterThan(0.5);
  });
});

describe('a held-out drawing', () => {
  const folder = root('tests/fixtures/heldout-drawings');

  async function drawn(concept: string) {
    const { pictures } = await readDrawings(folder);
    const picture = pictures.find(({ instances }) => instances.some((thing) => thing.concept === concept))!;
    const image = await readPicture(`${folder}/${picture.file}`);
    const user = await clickUser(networks, predictor, image);
    const grid = { width: user.side, height: user.side };
    const bits = (thing: DrawnInstance) => bitsOf(thing, picture, grid);
    const thing = picture.instances.find((candidate) => candidate.concept === concept)!;
    return { user, picture, truth: bits(thing), all: picture.instances.map(bits) };
  }

  test('click, corrections and box meet what is drawn', async () => {
    const { user, truth } = await drawn('vase');
    const figures = await user.thing(truth);
    expect(figures.click).toBeGreaterThan(0.5);
    expect(figures.corrected).toBeGreaterThan(0.5);
    expect(figures.box).toBeGreaterThan(0.5);
    user.dispose();
  });

  test('a click far from everything that is drawn scores as no object', async () => {
    const { user, picture, all } = await drawn('vase');
    const free = all[0]!.map((_, i) => (all.some((bits) => bits[i] === 1) ? 0 : 1));
    const { objectScore } = await user.click([clickInto(free, user, picture)]);
    expect(objectScore).toBeLessThan(0);
    user.dispose();
  });
});
