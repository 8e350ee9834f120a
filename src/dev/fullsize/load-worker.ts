import { expose } from 'comlink';
import { elementCount, ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { blobSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { probeAttention } from '#inference/attention-probe.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import type { Network } from '#inference/runtime.ts';
import { WeightStream } from '#inference/weight-stream.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { FamilyDevices } from '#worker/hardware.ts';
import { randomFeeds } from './feeds.ts';
import { imageNetworks, type FullsizeNetwork, type ImageModelFiles, type ImagePhase } from './graphs.ts';
import { watchWasmHeap } from './wasm-heap.ts';

const wasmHeapBytes = watchWasmHeap();

/** What the networks run on. */
export interface Adapter {
  readonly description: string;
  readonly isSoftware: boolean;
}

interface Opened {
  readonly files: ImageModelFiles;
  readonly runtime: OrtWebRuntime;
}

interface Phase {
  readonly name: ImagePhase;
  readonly networks: readonly FullsizeNetwork[];
  readonly loaded: Network[];
}

/** Loads full-size networks inside Chromium with the product's own code, one measured step per call (browser.ts). */
class LoadWorker {
  #opened: Opened | null = null;
  #phase: Phase | null = null;
  #stop = new AbortController();

  /** Opens checkpoint, IP-Adapter and CLIP vision, in this order. */
  async open(files: readonly File[]): Promise<Adapter> {
    const opened = await Promise.all(files.map((file) => SafetensorsFile.open(blobSource(file, file.name))));
    const [checkpoint, ipAdapter, clipVision] = opened as [SafetensorsFile, SafetensorsFile, SafetensorsFile];
    const gpu = await GpuDevice.request();
    if (!gpu) throw new Error('this browser has no WebGPU adapter');
    const dtype = gpu.hasF16 ? 'f16' : 'f32';
    gpu.destroy();
    const [build, devices] = [await loadOrt(), new FamilyDevices()];
    const probing = new OrtWebRuntime(build, devices, 'probe', { dtype: 'f32', attention: 'plain' });
    const attention = await probeAttention(probing);
    const runtime = new OrtWebRuntime(build, devices, 'WebGPU', { dtype, attention });
    this.#opened = { runtime, files: { checkpoint, ipAdapter, clipVision } };
    const description = `${gpu.description}, ${dtype}, ${attention} attention`;
    return { description, isSoftware: gpu.isSoftware };
  }

  /** Chooses the phase that the other calls are about: bytes its weights take. `latents`: side of the UNet's. */
  prepare(name: ImagePhase, latents: number): number {
    const { files, runtime } = this.#ready();
    const networks = imageNetworks(name, files, runtime.emission, latents);
    this.#phase = { name, networks, loaded: [] };
    return networks.reduce((sum, { graph }) => sum + weightBytes(graph), 0);
  }

  /** Reads the file slices of the phase's tensors one after the other, and nothing else. */
  async plain(): Promise<{ readonly ms: number; readonly bytes: number }> {
    const begin = performance.now();
    let bytes = 0;
    for (const { graph, weights } of this.#chosen().networks)
      for (const key of graph.consumedKeys) bytes += (await weights.stored(key))?.bytes.length ?? 0;
    return { ms: performance.now() - begin, bytes };
  }

  /** Reads and converts the phase's weights as a load does, for no device: milliseconds. */
  async stream(): Promise<number> {
    const begin = performance.now();
    for (const { graph, weights } of this.#chosen().networks)
      for (const { data } of shuffled(new WeightStream(graph, weights).mounts)) {
        const reader = data.slice(0, data.size).stream().getReader();
        while (!(await reader.read()).done);
      }
    return performance.now() - begin;
  }

  /** Loads the phase's networks: milliseconds. */
  async load(): Promise<number> {
    const { name, networks, loaded } = this.#chosen();
    const begin = performance.now();
    this.#stop = new AbortController();
    for (const { graph, weights } of networks)
      loaded.push(await this.#ready().runtime.load(name, graph, weights, { signal: this.#stop.signal }));
    return performance.now() - begin;
  }

  /** Drops what the measuring itself left in memory, where the browser was started with `--expose-gc`. */
  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends a load that is going on. */
  stop(): void {
    this.#stop.abort(new Error('stopped'));
  }

  /** Runs every network once: whether all outputs are finite. */
  async run(): Promise<boolean> {
    const { networks, loaded } = this.#chosen();
    let finite = true;
    for (const [i, network] of loaded.entries()) {
      const outputs = await network.run(randomFeeds((networks[i] as FullsizeNetwork).graph));
      for (const output of Object.values(outputs)) {
        const { data } = await output.read();
        finite &&= (data as Float32Array).every(Number.isFinite);
        output.dispose();
      }
    }
    return finite;
  }

  async release(): Promise<void> {
    for (const network of this.#chosen().loaded.splice(0)) await network.release();
  }

  wasmHeapBytes(): number {
    return wasmHeapBytes();
  }

  #ready(): Opened {
    if (!this.#opened) throw new Error('open() comes first');
    return this.#opened;
  }

  #chosen(): Phase {
    if (!this.#phase) throw new Error('prepare() comes first');
    return this.#phase;
  }
}

function weightBytes({ weights }: FullsizeNetwork['graph']): number {
  return weights.reduce((sum, { dims, dtype }) => sum + elementCount(dims) * ELEMENT_BYTES[dtype], 0);
}

/** A prime beyond any number of tensors, so that every tensor comes once. */
const STRIDE = 7919;

/** In an order that has nothing to do with the file's, as the runtime's. */
function shuffled<T>(items: readonly T[]): T[] {
  return items.map((_, i) => items[(i * STRIDE) % items.length] as T);
}

export type LoadWorkerApi = LoadWorker;

expose(new LoadWorker());
