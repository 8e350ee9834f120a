const MIB = 2 ** 20;

/** Idle bytes kept for the next call; more than that is freed at once. */
const KEPT_BYTES = 256 * MIB;

/** Re-uses buffers of equal usage and rounded-up size, because allocating GPU memory costs more than most kernels. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #idle = new Map<string, GPUBuffer[]>();
  #idleBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of at least `bytes`, contents undefined. */
  acquire(bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const size = roundedSize(bytes);
    const idle = this.#idle.get(`${usage} ${size}`)?.pop();
    if (!idle) return this.#device.createBuffer({ size, usage });
    this.#idleBytes -= size;
    return idle;
  }

  /** Takes a buffer back after the work that uses it was submitted. */
  release(buffer: GPUBuffer): void {
    if (this.#idleBytes + buffer.size > KEPT_BYTES) {
      buffer.destroy();
      return;
    }
    const key = `${buffer.usage} ${buffer.size}`;
    const list = this.#idle.get(key);
    if (list) list.push(buffer);
    else this.#idle.set(key, [buffer]);
    this.#idleBytes += buffer.size;
  }

  destroy(): void {
    for (const list of this.#idle.values()) for (const buffer of list) buffer.destroy();
    this.#idle.clear();
    this.#idleBytes = 0;
  }
}

/** Powers of two up to 1 MiB, then whole MiB: few different sizes, little waste. */
function roundedSize(bytes: number): number {
  if (bytes <= 256) return 256;
  return bytes <= MIB ? 2 ** Math.ceil(Math.log2(bytes)) : Math.ceil(bytes / MIB) * MIB;
}
