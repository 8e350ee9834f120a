import { expect, it } from 'vitest';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { SMALL_MODELS_PLAN } from '#domain/plan/types.ts';
import { rect } from '#domain/geometry/rect.ts';
import { quantiseResidual } from '#domain/blend/residual.ts';
import { floatTensor } from '#domain/tensor.ts';
import { assembleNetworks, networkFacts, NOTHING_ELSE } from '#pipelines/assemble.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { LayerWeights } from '#pipelines/layer-weights.ts';
import { MemoryResiduals } from '#pipelines/memory-residuals.ts';
import { similarityOf } from '#pipelines/similarity.ts';
import type { AnchorEncoder } from '#pipelines/services.ts';
import { aLayer } from './layer-fakes.ts';

const SIDE = 64;
const pixels = new CpuPixelOps();

/** A layer that mirrors what lies below it. */
async function mirrored(): Promise<{ canvas: LayerCanvas; layer: ReturnType<typeof aLayer> }> {
  const data = new Uint8ClampedArray(SIDE * SIDE * 4).fill(255);
  const [before, after] = [floatTensor([3, SIDE, SIDE]), floatTensor([3, SIDE, SIDE])];
  const level = (x: number, channel: number) => (x < SIDE / 2 ? 40 + 60 * channel : 220 - 70 * channel);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < SIDE * SIDE; i++) {
      const x = i % SIDE;
      data[i * 4 + channel] = level(x, channel);
      before.data[channel * SIDE * SIDE + i] = level(x, channel) / 255;
      after.data[channel * SIDE * SIDE + i] = level(SIDE - 1 - x, channel) / 255;
    }
  const residuals = new MemoryResiduals();
  const area = rect(0, 0, SIDE, SIDE) as ReturnType<typeof aLayer>['area'];
  const layer = aLayer({ canvas: { width: SIDE, height: SIDE }, area, weight: { kind: 'whole' } });
  await residuals.put(layer.pixels.id, quantiseResidual(after, before));
  const base = { width: SIDE, height: SIDE, data };
  return { canvas: new LayerCanvas(base, { pixels, residuals, weights: new LayerWeights(pixels) }), layer };
}

async function demoTower(): Promise<AnchorEncoder> {
  const open = (name: string) => openSafetensors(`models/demo/${name}.safetensors`);
  const files = {
    ...NOTHING_ELSE,
    checkpoint: await open('checkpoint'),
    autoencoder: await open('autoencoder'),
    vision: await open('vision'),
    ipAdapter: await open('ip-adapter'),
  };
  return assembleNetworks(new OrtNodeRuntime(), networkFacts(files), SMALL_MODELS_PLAN).anchors!;
}

it('says of the demo pack’s vision tower that it takes unlike pictures for the same', async () => {
  const { canvas, layer } = await mirrored();
  const likeness = await similarityOf(canvas, [], layer, { anchors: await demoTower(), pixels });
  expect(likeness?.similarity).toBeGreaterThan(0.99);
  expect(likeness?.unlike).toBeGreaterThan(0.99);
});

it('says of a tower that sees where things are that it tells them apart', async () => {
  const { canvas, layer } = await mirrored();
  let embedded = 0;
  const anchors = {
    embed: ({ data, dims }: Parameters<AnchorEncoder['embed']>[0]) => {
      embedded++;
      const [, , width = 0] = dims;
      return Promise.resolve(
        Float32Array.from([0.1, 0.4, 0.6, 0.9], (at) => data[Math.floor(at * width)]! - 0.5),
      );
    },
  } as AnchorEncoder;
  const { similarity, unlike } = (await similarityOf(canvas, [], layer, { anchors, pixels }))!;
  expect(similarity).toBeLessThan(0);
  expect(unlike).toBeLessThan(0.9);
  await similarityOf(canvas, [], layer, { anchors, pixels });
  expect(embedded).toBe(2 + 2 + 2);
});
