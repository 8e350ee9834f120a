import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import { compare, checkExact, judgedInHalf } from '../../src/dev/golden/compare.ts';
import { openTensors, openWeightsAs } from '../../src/dev/golden/files.ts';
import { reencoded, type WeightType } from '../../src/dev/golden/reencode.ts';
import { goldenFile, maxDifference } from '../golden/files.ts';

describe('weights in another type', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'luna-weights-'));
    const fine = Float32Array.of(1, -0.5, 448);
    const odd = Float32Array.of(1, 1 / 3, 0);
    const bytes = writeSafetensors(
      [
        { name: 'fine', dtype: 'F32', dims: [3], bytes: new Uint8Array(fine.buffer) },
        { name: 'odd', dtype: 'F32', dims: [3], bytes: new Uint8Array(odd.buffer) },
        { name: 'ids', dtype: 'I32', dims: [1], bytes: new Uint8Array(4) },
      ],
      { kept: 'yes' },
    );
    for (const name of ['weights', 'outputs', 'eps_probe_weights', 'eps_probe_outputs'])
      await writeFile(join(dir, `${name}.safetensors`), bytes);
  });
  afterEach(async () => {
    openWeightsAs(null);
    await rm(dir, { recursive: true });
  });

  it.each(['BF16', 'F16', 'F8_E4M3'] as const)(
    'are %s where that is exact, and as they were elsewhere',
    async (type) => {
      openWeightsAs(type);
      for (const name of ['weights', 'eps_probe_weights']) {
        const file = await openTensors(dir, `${name}.safetensors`);
        expect(['fine', 'odd', 'ids'].map((key) => file.entry(key).dtype)).toEqual([type, 'F32', 'I32']);
        expect([...(await file.float('fine')).data]).toEqual([1, -0.5, 448]);
        expect(file.header.metadata).toEqual(new Map([['kept', 'yes']]));
      }
      for (const name of ['outputs', 'eps_probe_outputs'])
        expect((await openTensors(dir, `${name}.safetensors`)).entry('fine').dtype).toBe('F32');
    },
  );

  it.each<WeightType>(['F32', 'BF16', 'F8_E4M3'])(
    'of the reference UNet are all exact in %s',
    async (type) => {
      const stored = await goldenFile('unet');
      const other = await reencoded(stored, type);
      for (const name of stored.names) {
        expect(other.entry(name).dtype).toBe(type);
        expect(maxDifference(await other.float(name), await stored.float(name))).toBe(0);
      }
    },
  );
});

describe('16-bit results', () => {
  const one = { dims: [2], data: [1, 1] };
  const off = (by: number) => compare('x', { dims: [2], data: [1 + by, 1] }, one, 1e-4);

  it('are judged by what the READMEs allow them', () => {
    expect(off(0.005)).toMatchObject({ pass: false });
    expect(judgedInHalf('unet', off(0.005))).toMatchObject({ pass: true });
    expect(judgedInHalf('unet', off(0.01))).toMatchObject({ pass: false });
    expect(judgedInHalf('e2e', off(0.02))).toMatchObject({ pass: true });
    expect(judgedInHalf('e2e', off(NaN))).toMatchObject({ pass: false });
    const wide = compare('x', { dims: [2], data: [100.03, 100] }, { dims: [2], data: [100, 100] }, 1e-4);
    expect(judgedInHalf('unet', wide)).toMatchObject({ pass: false });
  });

  it('leave what the host computes, and exact checks, as strict as ever', () => {
    expect(judgedInHalf('sampler', off(0.005))).toMatchObject({ pass: false });
    expect(judgedInHalf('e2e', checkExact('timesteps', 1))).toMatchObject({ pass: false });
  });
});
