import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '#models/graph/builder.ts';
import { add } from '#models/graph/ops.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { takeFloat, type Network } from '#inference/runtime.ts';
import { NO_WEIGHTS } from '#inference/weights.ts';
import { floatTensor } from '#domain/tensor.ts';
import { FamilyDevices } from '#worker/hardware.ts';

function doubling() {
  const g = new GraphBuilder('doubling', new Map());
  const x = g.input('x', [4]);
  g.output('out', add(g, x, x));
  return g.build();
}

async function double(network: Network): Promise<number[]> {
  const x = floatTensor([4], Float32Array.of(1, 2, 3, 4));
  return [...(await takeFloat(await network.run({ x }), 'out')).data];
}

describe('the real runtime', () => {
  it('goes on after a family’s device was destroyed with its last session', async () => {
    const destroyed: number[] = [];
    let asked = 0;
    const devices = new FamilyDevices(async () => {
      const { device } = (await GpuDevice.request())!;
      const index = asked++;
      void device.lost.then(() => destroyed.push(index));
      return device;
    });
    const runtime = new OrtWebRuntime(await loadOrt(), devices, 'WebGPU', {
      dtype: 'f32',
      attention: 'plain',
    });
    const load = (family: string) => runtime.load(family, doubling(), NO_WEIGHTS);
    // The very first device of the runtime goes too, as the attention probe's does.
    await (await load('probe')).release();
    const other = await load('other');
    for (let round = 0; round < 3; round++) {
      const network = await load('family');
      const x = floatTensor([4], Float32Array.of(1, 2, 3, 4));
      const { out } = await network.run({ x }, ['out']);
      expect(await double(network)).toEqual([2, 4, 6, 8]);
      await network.release();
      out?.dispose();
      expect(await double(other)).toEqual([2, 4, 6, 8]);
    }
    expect(asked).toBe(5);
    expect(destroyed).toEqual([0, 2, 3, 4]);
    await other.release();
  });

  it('says gpu-lost when the device goes under a session, and loads on a fresh one', async () => {
    const made: GPUDevice[] = [];
    const devices = new FamilyDevices(async () => {
      const { device } = (await GpuDevice.request())!;
      made.push(device);
      return device;
    });
    const runtime = new OrtWebRuntime(await loadOrt(), devices, 'WebGPU', {
      dtype: 'f32',
      attention: 'plain',
    });
    const network = await runtime.load('family', doubling(), NO_WEIGHTS);
    expect(await double(network)).toEqual([2, 4, 6, 8]);
    made[0]?.destroy();
    await made[0]?.lost;
    await expect(double(network)).rejects.toMatchObject({ code: 'gpu-lost' });
    const fresh = await runtime.load('family', doubling(), NO_WEIGHTS);
    expect(await double(fresh)).toEqual([2, 4, 6, 8]);
  });
});
