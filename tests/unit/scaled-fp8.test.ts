import { describe, expect, it } from 'vitest';
import { recogniseModel } from '#models/recognise.ts';
import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { readSafetensorsHeader } from '#formats/safetensors/header.ts';
import { writeSafetensors, type TensorToWrite } from '#formats/safetensors/write.ts';
import { floatTensor } from '#domain/tensor.ts';
import { unetWeights } from '#inference/denoiser-weights.ts';
import { materialise } from '#inference/weights.ts';
import { tensor } from '#models/graph/weight-recipe.ts';
import { reencoded } from '../../src/dev/golden/reencode.ts';
import { fileOf, goldenFile, maxDifference } from '../golden/files.ts';

const SCALE = 0.25;

/** The reference UNet as tools write scaled FP8: matrices four times as large, a scale beside each, a marker. */
async function scaledUnet(): Promise<Uint8Array<ArrayBuffer>> {
  const stored = await goldenFile('unet');
  const larger = await Promise.all(
    stored.names.map(async (name) => {
      const { dims, data } = await stored.float(name);
      const factor = dims.length === 2 ? 1 / SCALE : 1;
      return [
        name,
        floatTensor(
          dims,
          data.map((value) => value * factor),
        ),
      ] as const;
    }),
  );
  const fp8 = await reencoded(await fileOf(larger), 'F8_E4M3');
  const tensors: TensorToWrite[] = [
    { name: 'model.diffusion_model.scaled_fp8', dtype: 'F8_E4M3', dims: [0], bytes: new Uint8Array() },
  ];
  const scale = (name: string, value: number): TensorToWrite => ({
    name,
    dtype: 'F32',
    dims: [],
    bytes: new Uint8Array(Float32Array.of(value).buffer),
  });
  for (const name of fp8.names) {
    const { dims, dtype } = fp8.entry(name);
    tensors.push({ name, dtype, dims, bytes: await fp8.bytes(name) });
    if (dims.length !== 2) continue;
    tensors.push(scale(name.replace(/weight$/, 'scale_weight'), SCALE));
    tensors.push(scale(name.replace(/weight$/, 'scale_input'), 7));
  }
  return writeSafetensors(tensors);
}

const shapesOf = (header: SafetensorsFile['header']) =>
  new Map([...header.tensors].map(([name, { dims }]) => [name, dims]));

describe('a scaled FP8 checkpoint', () => {
  it('is the model it scales: same recognition, same names, same values', async () => {
    const plain = await goldenFile('unet');
    const source = memorySource(await scaledUnet(), 'scaled.safetensors');
    const file = await SafetensorsFile.open(source);
    expect(file.names.toSorted()).toEqual(plain.names.toSorted());
    const told = recogniseModel(shapesOf(plain.header));
    expect(recogniseModel(shapesOf(file.header))).toEqual(told);
    expect(recogniseModel(shapesOf(await readSafetensorsHeader(source)))).toEqual(told);
    const [ours, theirs] = [unetWeights(file), unetWeights(plain)];
    expect(new Set(ours.shapes.keys())).toEqual(new Set(theirs.shapes.keys()));
    for (const key of ours.shapes.keys())
      expect(maxDifference(await ours.float(key), await theirs.float(key))).toBe(0);
  });

  it('becomes 16-bit weights without a wider copy, scale applied', async () => {
    const file = await SafetensorsFile.open(memorySource(await scaledUnet(), 'scaled.safetensors'));
    const key = 'time_embed.0.weight';
    const [ours, theirs] = [unetWeights(file), unetWeights(await goldenFile('unet'))];
    expect((await ours.stored(key))?.scale).toBe(SCALE);
    const bytes = await materialise(tensor(key), 'f16', ours);
    // The reference file is F16: its bytes are the expected ones, but for the sign of zeros.
    const unsigned = (all: Uint8Array) =>
      [...new Uint16Array(all.slice().buffer)].map((bits) => (bits === 0x8000 ? 0 : bits));
    expect(unsigned(bytes)).toEqual(unsigned(await materialise(tensor(key), 'f16', theirs)));
  });
});
