import { readUnetConfig } from '#models/sdxl/unet-config.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { UnetConditioner } from '#inference/denoiser-conditioning.ts';
import { UnetSession } from '#inference/denoiser-session.ts';
import { unetWeights } from '#inference/denoiser-weights.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';

/** The UNet of the reference data, at a size where its arithmetic outweighs the calls. */
export const STEP = {
  weights: 'tests/golden/data/unet/weights.safetensors',
  headDim: 16,
  side: 64,
  tokens: 77,
};

const RUNS = 5;

/** Milliseconds of each of a few step-graph runs, batch 1, after one that warms up. The same code on every runtime. */
export async function stepTimes(runtime: NetworkRuntime, file: SafetensorsFile): Promise<number[]> {
  const weights = unetWeights(file);
  const config = readUnetConfig(weights.shapes, STEP.headDim);
  const model = { config, weights, adapter: null };
  const conditioner = new UnetConditioner(runtime, model, false);
  const keysValues = await conditioner.keysValues(waves([1, STEP.tokens, config.contextDim]), null);
  const shape = { height: STEP.side, width: STEP.side, tokens: STEP.tokens, capturedRows: null };
  const session = await UnetSession.load(runtime, model, shape);
  const x = waves([1, config.inChannels, STEP.side, STEP.side]);
  const y = waves([1, config.admDim]);
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const begin = performance.now();
    await session.predict(x, [500], { y, keysValues }, null);
    if (run > 0) times.push(performance.now() - begin);
  }
  await session.release();
  return times;
}

function waves(dims: readonly number[]): FloatTensor {
  const result = floatTensor(dims);
  return floatTensor(
    dims,
    result.data.map((_, i) => Math.sin(i * 12.9898)),
  );
}
