import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { BufferPool } from './buffer-pool.ts';
import { Commands } from './commands.ts';
import { RAISED_LIMITS, WANTED_FEATURES, WORKGROUP } from './limits.ts';
import { shaderSource, type Element, type ShaderName } from './shader-source.ts';

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render|\bwarp\b/i;

/** How long a failed mapping waits to hear whether the device was lost. */
const LOSS_NEWS_MS = 100;

/** True for CPU implementations of WebGPU: correct, but slower than the twins and the wasm backend. */
export function isSoftwareAdapter(info: GPUAdapterInfo): boolean {
  return (
    info.isFallbackAdapter ||
    SOFTWARE.test(`${info.vendor} ${info.architecture} ${info.device} ${info.description}`)
  );
}

/**
 * One GPUDevice with what our kernels need around it: limits raised to the adapter's, compiled pipelines, a buffer
 * pool, error scopes turned into AppErrors. It can be shared with ONNX Runtime (`device`). The `subgroups` feature is
 * left out on purpose: ONNX Runtime's subgroup attention is wrong (spec/onnxruntime-web.md §0).
 */
export class GpuDevice {
  readonly device: GPUDevice;
  /** "NVIDIA ampere", or whatever the browser tells. */
  readonly description: string;
  readonly isSoftware: boolean;
  readonly hasF16: boolean;
  readonly pool: BufferPool;
  /** Resolves, never rejects, when the device is gone without our doing. */
  readonly lost: Promise<AppError>;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  #lostError: AppError | null = null;

  private constructor(device: GPUDevice, info: GPUAdapterInfo) {
    this.device = device;
    this.description = info.description || `${info.vendor} ${info.architecture}`.trim() || 'unnamed GPU';
    this.isSoftware = isSoftwareAdapter(info);
    this.hasF16 = device.features.has('shader-f16');
    this.pool = new BufferPool(device);
    this.lost = new Promise((resolve) => {
      void device.lost.then(({ reason, message }) => {
        this.#lostError = lostError(message);
        if (reason !== 'destroyed') resolve(this.#lostError);
      });
    });
  }

  /**
   * A device on the browser's preferred adapter; null when there is no WebGPU or no adapter. A software adapter is
   * returned too: look at `isSoftware` before preferring it to the CPU twins.
   * @throws AppError gpu-unsupported when the adapter refuses to give a device.
   */
  static async request(gpu: GPU | undefined = globalThis.navigator.gpu): Promise<GpuDevice | null> {
    const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return null;
    const limits = RAISED_LIMITS.map((name) => [name, adapter.limits[name]] as const);
    try {
      const device = await adapter.requestDevice({
        label: 'Luna Studio',
        requiredLimits: Object.fromEntries(limits),
        requiredFeatures: WANTED_FEATURES.filter((feature) => adapter.features.has(feature)),
      });
      return new GpuDevice(device, adapter.info);
    } catch (cause) {
      throw new AppError(
        'gpu-unsupported',
        'The graphics adapter did not give a device. Restart the browser.',
        { cause },
      );
    }
  }

  /** The compiled kernel; compiled at first use. */
  pipeline(shader: ShaderName, element: Element): GPUComputePipeline {
    const key = `${shader} ${element}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      const module = this.device.createShaderModule({ label: key, code: shaderSource(shader, element) });
      const constants = { workgroup_x: WORKGROUP.x, workgroup_y: WORKGROUP.y };
      pipeline = this.device.createComputePipeline({
        label: key,
        layout: 'auto',
        compute: { module, constants },
      });
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /**
   * Encodes and submits kernels, then reads the buffer that `encode` returns into `into` (all of its bytes). Everything
   * taken from the pool goes back to it. Calls may overlap: scopes are opened and closed within one turn.
   * @throws AppError gpu-lost, gpu-out-of-memory, or internal for a validation error (a bug of ours).
   */
  async compute(
    label: string,
    encode: (commands: Commands) => GPUBuffer,
    into: ArrayBufferView,
  ): Promise<void> {
    if (this.#lostError) throw this.#lostError;
    const commands = new Commands(this, label);
    try {
      const { staging, errors } = this.#submit(commands, encode, into.byteLength);
      throwFirst(label, await Promise.all(errors));
      await staging.mapAsync(GPUMapMode.READ, 0, paddedBytes(into.byteLength));
      const source = staging.getMappedRange(0, paddedBytes(into.byteLength));
      bytesOf(into).set(new Uint8Array(source, 0, into.byteLength));
      staging.unmap();
      commands.release();
    } catch (error) {
      commands.discard();
      throw await this.#explain(error);
    }
  }

  #submit(commands: Commands, encode: (commands: Commands) => GPUBuffer, byteLength: number) {
    const filters = ['validation', 'out-of-memory', 'internal'] as const;
    for (const filter of filters) this.device.pushErrorScope(filter);
    const errors: Promise<GPUError | null>[] = [];
    try {
      return { staging: commands.submit(encode(commands), paddedBytes(byteLength)), errors };
    } finally {
      for (let i = 0; i < filters.length; i++) errors.push(this.device.popErrorScope());
    }
  }

  /** A mapping that fails because the device went is reported as the loss, whose news may come a moment later. */
  async #explain(error: unknown): Promise<unknown> {
    if (error instanceof DOMException)
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, LOSS_NEWS_MS))]);
    return this.#lostError ?? error;
  }

  /** Gives back all GPU memory. The wrapper is of no use afterwards. */
  destroy(): void {
    this.#pipelines.clear();
    this.pool.destroy();
    this.device.destroy();
  }
}

function lostError(message: string): AppError {
  return new AppError(
    'gpu-lost',
    sentence`The graphics device was lost (${message || sentence`no reason given`}). Finished areas are kept; start the job again.`,
  );
}

function throwFirst(label: string, errors: readonly (GPUError | null)[]): void {
  for (const error of errors) {
    if (error instanceof GPUOutOfMemoryError)
      throw new AppError(
        'gpu-out-of-memory',
        sentence`Not enough graphics memory for ${label}. Close other tabs, or lower the size.`,
      );
    if (error)
      throw new AppError('internal', sentence`The graphics device refused ${label}: ${error.message}`);
  }
}

/** WebGPU copies whole words. */
function paddedBytes(byteLength: number): number {
  return Math.ceil(byteLength / 4) * 4;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
