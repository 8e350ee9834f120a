import { elementCount, ELEMENT_BYTES, type PortType } from '#models/graph/dtype.ts';
import { ortData, type OrtNetTensor } from './ort-tensor.ts';
import { isNetTensor, type Feed, type NetTensor } from './runtime.ts';

/** The runtime copies in units of 16 bytes (spec/onnxruntime-web.md §1.2). */
const BUFFER_UNIT = 16;

interface Kept {
  /** Weak: a picture that was fed once need not stay in memory for its comparison. */
  readonly feed: WeakRef<Feed>;
  readonly buffer: GPUBuffer;
}

/**
 * The inputs of one network in GPU buffers of its own, one per name: what is fed again as the same object stays where it
 * is, what is new is written into the same buffer. So nothing passes through the runtime's wasm heap, and a recorded run
 * finds its inputs at the places it was recorded with.
 */
export class GpuFeeds {
  readonly #device: GPUDevice;
  readonly #kept = new Map<string, Kept>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The buffer of a host tensor, or of one left on the device by another network, which is copied. */
  buffer(name: string, feed: Feed, dtype: PortType): GPUBuffer {
    const kept = this.#kept.get(name);
    if (kept?.feed.deref() === feed) return kept.buffer;
    const bytes = tensorBytes(feed.dims, dtype);
    const buffer = this.#room(name, bytes);
    if (isNetTensor(feed)) copyBuffer(this.#device, bufferOf(feed), buffer, bytes);
    else this.#device.queue.writeBuffer(buffer, 0, padded(ortData(feed, dtype)));
    this.#kept.set(name, { feed: new WeakRef(feed), buffer });
    return buffer;
  }

  /** Whether a tensor needs no new buffer. */
  hasRoom(name: string, { dims }: Feed, dtype: PortType): boolean {
    return this.#kept.get(name)?.buffer.size === bufferBytes(tensorBytes(dims, dtype));
  }

  #room(name: string, bytes: number): GPUBuffer {
    const kept = this.#kept.get(name);
    if (kept?.buffer.size === bufferBytes(bytes)) return kept.buffer;
    kept?.buffer.destroy();
    this.#kept.delete(name);
    return tensorBuffer(this.#device, bytes);
  }

  release(): void {
    for (const { buffer } of this.#kept.values()) buffer.destroy();
    this.#kept.clear();
  }
}

/** Bytes of a dense tensor. */
export function tensorBytes(dims: readonly number[], dtype: PortType): number {
  return elementCount(dims) * ELEMENT_BYTES[dtype];
}

function bufferOf(feed: NetTensor): GPUBuffer {
  return (feed as OrtNetTensor).tensor.gpuBuffer as unknown as GPUBuffer;
}

/** A buffer the runtime can read, write and download. */
export function tensorBuffer(device: GPUDevice, bytes: number): GPUBuffer {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  return device.createBuffer({ size: bufferBytes(bytes), usage: STORAGE | COPY_SRC | COPY_DST });
}

/** Reads the first bytes of a buffer that has no other use for the mapping. */
export async function readBuffer(device: GPUDevice, from: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  const staging = device.createBuffer({
    size: wholeWords(bytes),
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    copyBuffer(device, from, staging, bytes);
    await staging.mapAsync(GPUMapMode.READ);
    return staging.getMappedRange().slice(0, bytes);
  } finally {
    staging.destroy();
  }
}

/** Copies between buffers; the runtime's are larger than their tensors. */
export function copyBuffer(device: GPUDevice, from: GPUBuffer, to: GPUBuffer, bytes: number): void {
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(from, 0, to, 0, wholeWords(bytes));
  device.queue.submit([encoder.finish()]);
}

function bufferBytes(bytes: number): number {
  return Math.max(BUFFER_UNIT, Math.ceil(bytes / BUFFER_UNIT) * BUFFER_UNIT);
}

/** WebGPU copies whole words. */
function wholeWords(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function padded({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  if (byteLength % 4 === 0) return bytes;
  const whole = new Uint8Array(wholeWords(byteLength));
  whole.set(bytes);
  return whole;
}
