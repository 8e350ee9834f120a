import { sentence } from '#domain/job/sentence.ts';
import type { AttentionForm } from '#models/graph/attention.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { GpuPixelOps } from '#gpu/gpu-pixel-ops.ts';
import { probeAttention } from '#inference/attention-probe.ts';
import { probeHalfPrecision } from '#inference/precision-probe.ts';
import { accumulateInFloat32 } from '#inference/shader-hook.ts';
import { loadOrt, type OrtBuild } from '#inference/ort-web.ts';
import { OrtWebRuntime, type DeviceProvider } from '#inference/ort-web-runtime.ts';
import { AppError } from '#domain/job/app-error.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import type { PixelOps } from '#pipelines/services.ts';
import type { PlannedDevice } from './memory-planner.ts';

export interface Hardware {
  readonly runtime: OrtWebRuntime;
  readonly pixels: PixelOps;
  readonly accelerated: boolean;
  readonly device: PlannedDevice;
}

const GIB = 2 ** 30;

/**
 * WebGPU does not tell how much memory there is. Graphics in a processor share it with everything else; cards that
 * people refine with have 8 GB or more. The user can say better in Models.
 */
const GUESSED_BYTES = { integrated: 4 * GIB, card: 8 * GIB, wasm: 4 * GIB } as const;
const INTEGRATED = /intel|qualcomm|adreno|arm\b|mali|img|powervr/i;

/**
 * A hardware GPU runs networks and kernels on WebGPU. Without one, or with a software adapter, networks run on the
 * wasm backend and kernels on their CPU twins: far faster than emulated WebGPU, and said plainly.
 */
export async function chooseHardware(): Promise<Hardware> {
  const build = await loadOrt();
  const gpu = await GpuDevice.request().catch(() => null);
  if (gpu && !gpu.isSoftware) return onGpu(build, gpu);
  gpu?.destroy();
  return onCpu(build);
}

function onCpu(build: OrtBuild): Hardware {
  const threads = build.threads === 1 ? sentence`1 thread` : sentence`${build.threads} threads`;
  const name = sentence`CPU (wasm, ${threads}): no GPU found, slower`;
  const emission = { dtype: 'f32', attention: 'fused' } as const;
  return {
    runtime: new OrtWebRuntime(build, null, name, emission),
    pixels: new CpuPixelOps(),
    accelerated: false,
    device: {
      kind: 'cpu',
      adapter: 'wasm',
      guessedBytes: GUESSED_BYTES.wasm,
      maxBufferBytes: Infinity,
      maxBindingBytes: Infinity,
      shaderF16: false,
    },
  };
}

async function onGpu(build: OrtBuild, gpu: GpuDevice): Promise<Hardware> {
  const devices = new FamilyDevices();
  const name = `WebGPU · ${gpu.description}`;
  const probing = (dtype: 'f32' | 'f16') =>
    new OrtWebRuntime(build, devices, name, { dtype, attention: 'plain' });
  const shaderF16 = gpu.hasF16 && (await probeHalfPrecision(probing('f16')));
  const attention = await probeForms(shaderF16 ? [probing('f32'), probing('f16')] : [probing('f32')]);
  const { limits } = gpu.device;
  return {
    runtime: new OrtWebRuntime(build, devices, name, { dtype: 'f32', attention }),
    pixels: new GpuPixelOps(gpu),
    accelerated: true,
    device: {
      kind: 'gpu',
      adapter: gpu.description,
      guessedBytes: INTEGRATED.test(gpu.description) ? GUESSED_BYTES.integrated : GUESSED_BYTES.card,
      maxBufferBytes: limits.maxBufferSize,
      maxBindingBytes: limits.maxStorageBufferBindingSize,
      shaderF16,
    },
  };
}

/** The form for all types that networks may have: the autoencoder keeps 32 bits where the rest has 16. */
async function probeForms(runtimes: readonly OrtWebRuntime[]): Promise<AttentionForm> {
  for (const runtime of runtimes) if ((await probeAttention(runtime)) === 'plain') return 'plain';
  return 'fused';
}

/**
 * One GPUDevice per model family: memory is only freed when the last session of a device goes, at once when the device
 * is destroyed then (spec/onnxruntime-web.md §2.4). A device that could not be had or was lost is asked for anew.
 */
export class FamilyDevices implements DeviceProvider {
  readonly #devices = new Map<string, Promise<GPUDevice>>();
  readonly #request: () => Promise<GPUDevice>;

  constructor(request: () => Promise<GPUDevice> = requestDevice) {
    this.#request = request;
  }

  device(family: string): Promise<GPUDevice> {
    const known = this.#devices.get(family);
    if (known) return known;
    const requested = this.#request();
    this.#devices.set(family, requested);
    const forget = () => {
      if (this.#devices.get(family) === requested) this.#devices.delete(family);
    };
    requested.then((device) => device.lost).then(forget, forget);
    return requested;
  }

  release(family: string): void {
    const device = this.#devices.get(family);
    this.#devices.delete(family);
    device?.then(
      (it) => {
        it.destroy();
      },
      () => undefined,
    );
  }
}

async function requestDevice(): Promise<GPUDevice> {
  const gpu = await GpuDevice.request();
  if (!gpu) throw new AppError('gpu-unsupported', 'The browser no longer offers a GPU. Reload the page.');
  if (gpu.hasF16) accumulateInFloat32(gpu.device);
  return gpu.device;
}
