import type { AttentionForm } from '#models/graph/attention.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime, type DeviceProvider } from '#inference/ort-web-runtime.ts';
import type { GpuDevice } from '#gpu/gpu-device.ts';
import { testDevice } from './fixtures.ts';

/**
 * One device for all families: SwiftShader compiles slowly and the runtime keeps its programs per device. It also is
 * the harder case, because graphs then meet each other's programs. Validation errors are collected.
 */
export class SharedDevice implements DeviceProvider {
  readonly errors: string[] = [];
  readonly #gpu: GpuDevice;

  private constructor(gpu: GpuDevice) {
    this.#gpu = gpu;
    gpu.device.addEventListener('uncapturederror', ({ error }) => this.errors.push(error.message));
  }

  static async request(): Promise<SharedDevice> {
    return new SharedDevice(await testDevice());
  }

  get features(): GPUSupportedFeatures {
    return this.#gpu.device.features;
  }

  device(): Promise<GPUDevice> {
    return Promise.resolve(this.#gpu.device);
  }

  /** Kept for the next family. */
  release(): void {
    return;
  }

  destroy(): void {
    this.#gpu.destroy();
  }
}

/** The product's runtime on the WebGPU provider, which it creates with the CPU fallback disabled. */
export async function gpuRuntime(devices: DeviceProvider, attention: AttentionForm): Promise<OrtWebRuntime> {
  return new OrtWebRuntime(await loadOrt(), devices, 'WebGPU', { dtype: 'f32', attention });
}

/** The same build's CPU provider. */
export async function wasmRuntime(attention: AttentionForm): Promise<OrtWebRuntime> {
  return new OrtWebRuntime(await loadOrt(), null, 'wasm', { dtype: 'f32', attention });
}
