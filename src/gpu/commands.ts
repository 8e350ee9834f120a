import type { GpuDevice } from './gpu-device.ts';
import { MAX_BINDING_BYTES, WORKGROUP } from './limits.ts';
import type { Element, ShaderName } from './shader-source.ts';

/** One kernel call. Bindings are 0 = params, then `buffers` in order. */
export interface KernelCall {
  readonly shader: ShaderName;
  readonly element?: Element;
  /** The uniform struct, word by word; floats through `floatBits`. */
  readonly params: readonly number[];
  readonly buffers: readonly GPUBuffer[];
  /** Threads wanted along x, y, z; rounded up to whole workgroups. */
  readonly threads: readonly [x: number, y: number, z?: number];
}

/** One submission: uploads, kernels, one read-back. Buffers belong to the pool and return there on release. */
export class Commands {
  readonly #gpu: GpuDevice;
  readonly #encoder: GPUCommandEncoder;
  readonly #taken: GPUBuffer[] = [];

  constructor(gpu: GpuDevice, label: string) {
    this.#gpu = gpu;
    this.#encoder = gpu.device.createCommandEncoder({ label });
  }

  /** A storage buffer holding `data`, padded to whole words. */
  upload(data: ArrayBufferView): GPUBuffer {
    const buffer = this.scratch(data.byteLength);
    const whole = data.byteLength - (data.byteLength % 4);
    this.#gpu.device.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, whole);
    if (whole < data.byteLength) {
      const rest = new Uint8Array(4);
      rest.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      this.#gpu.device.queue.writeBuffer(buffer, whole, rest);
    }
    return buffer;
  }

  /** A storage buffer with undefined contents. */
  scratch(bytes: number): GPUBuffer {
    if (bytes > MAX_BINDING_BYTES)
      throw new RangeError(`a kernel buffer of ${bytes} bytes is over ${MAX_BINDING_BYTES}: work in bands`);
    return this.#take(bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC);
  }

  dispatch({ shader, element = 'f32', params, buffers, threads }: KernelCall): void {
    const { device } = this.#gpu;
    const pipeline = this.#gpu.pipeline(shader, element);
    const uniform = this.#take(params.length * 4, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    device.queue.writeBuffer(uniform, 0, Uint32Array.from(params));
    const entries = [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const pass = this.#encoder.beginComputePass({ label: shader });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    const [x, y, z = 1] = threads;
    pass.dispatchWorkgroups(Math.ceil(x / WORKGROUP.x), Math.ceil(y / WORKGROUP.y), z);
    pass.end();
  }

  /** Submits everything so far, with a copy of `result` into the returned mappable buffer. */
  submit(result: GPUBuffer, bytes: number): GPUBuffer {
    const staging = this.#take(bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    this.#encoder.copyBufferToBuffer(result, 0, staging, 0, bytes);
    this.#gpu.device.queue.submit([this.#encoder.finish()]);
    return staging;
  }

  release(): void {
    for (const buffer of this.#taken) this.#gpu.pool.release(buffer);
    this.#taken.length = 0;
  }

  /** Frees instead of re-using: after an error some of the buffers may be invalid. */
  discard(): void {
    for (const buffer of this.#taken) buffer.destroy();
    this.#taken.length = 0;
  }

  #take(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const buffer = this.#gpu.pool.acquire(bytes, usage);
    this.#taken.push(buffer);
    return buffer;
  }
}

/** The 32 bits of a float, for a word of a uniform struct. */
export function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number;
}
