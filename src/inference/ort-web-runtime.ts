import type { InferenceSession, Tensor } from 'onnxruntime-web/jspi';
import type { AppError } from '#domain/job/app-error.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { elementCount, ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { Mutex } from './mutex.ts';
import { inputTypes, OrtNetTensor, toOrtTensor, type TensorFactory } from './ort-tensor.ts';
import type { OrtBuild } from './ort-web.ts';
import { hungError, runtimeError } from './runtime-errors.ts';
import {
  isNetTensor,
  type EmissionOptions,
  type Feed,
  type NetTensor,
  type Network,
  type NetworkRuntime,
} from './runtime.ts';
import { VirtualBlob } from './virtual-blob.ts';
import { materialise, type WeightSource } from './weights.ts';

/** Gives each model family its own GPUDevice; absent for the CPU backend. */
export interface DeviceProvider {
  device(family: string): Promise<GPUDevice>;
  /** No session uses the family's device any more. Destroying it is what gives its memory back. */
  release(family: string): void;
}

/** One run that takes this much longer than any plausible one means the backend hangs (spec/reliability-ux.md §1.3). */
const WATCHDOG_MS = 10 * 60 * 1000;

/**
 * Networks on onnxruntime-web: WebGPU when devices are given, else the wasm CPU backend.
 * Every create and run of the worker goes through one mutex, because overlapping ones hang the runtime.
 */
export class OrtWebRuntime implements NetworkRuntime {
  readonly description: string;
  readonly emission: EmissionOptions;
  readonly #build: OrtBuild;
  readonly #devices: DeviceProvider | null;
  readonly #mutex = new Mutex();
  /** Sessions by family; a family without any has no entry. */
  readonly #sessions = new Map<string, number>();
  #hung: AppError | null = null;
  /** Wall time spent running networks, for the benchmark's share of a job outside `session.run`. */
  busyMs = 0;
  /** Wall time spent reading and converting weights and creating sessions. */
  loadMs = 0;

  constructor(
    build: OrtBuild,
    devices: DeviceProvider | null,
    description: string,
    emission: EmissionOptions,
  ) {
    this.#build = build;
    this.#devices = devices;
    this.description = description;
    this.emission = emission;
  }

  async load(family: string, graph: EmittedGraph, weights: WeightSource): Promise<Network> {
    return this.#exclusive(`loading ${graph.name}`, async () => {
      const begin = performance.now();
      this.#count(family, +1);
      try {
        const options = await this.#options(family, graph, weights);
        const session = await this.#build.ort.InferenceSession.create(graph.model, options);
        return new WebNetwork(this, family, graph, session);
      } catch (error) {
        this.#count(family, -1);
        throw error;
      } finally {
        this.loadMs += performance.now() - begin;
      }
    });
  }

  /** Runs a session alone, including reading its outputs back. */
  run<T>(name: string, call: () => Promise<T>): Promise<T> {
    return this.#exclusive(`running ${name}`, async () => {
      const begin = performance.now();
      try {
        return await call();
      } finally {
        this.busyMs += performance.now() - begin;
      }
    });
  }

  /** Releases one of a family's sessions, and with the last one the family's device. */
  release(name: string, family: string, call: () => Promise<void>): Promise<void> {
    return this.#exclusive(`releasing ${name}`, async () => {
      try {
        await call();
      } finally {
        this.#count(family, -1);
      }
    });
  }

  #count(family: string, change: 1 | -1): void {
    const count = (this.#sessions.get(family) ?? 0) + change;
    if (count > 0) {
      this.#sessions.set(family, count);
      return;
    }
    this.#sessions.delete(family);
    this.#devices?.release(family);
  }

  get #gpu(): boolean {
    return this.#devices !== null;
  }

  async #options(
    family: string,
    graph: EmittedGraph,
    weights: WeightSource,
  ): Promise<InferenceSession.SessionOptions> {
    const device = await this.#devices?.device(family);
    return {
      executionProviders: device ? [{ name: 'webgpu', device } as never] : ['wasm'],
      externalData: await this.#externalData(graph, weights),
      graphOptimizationLevel: 'all',
      ...(device && { preferredOutputLocation: 'gpu-buffer' as const }),
      // A node silently placed on the CPU would copy its tensors to the host and back on every run.
      ...(device && { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
    };
  }

  async #externalData(graph: EmittedGraph, weights: WeightSource) {
    const mounts: { path: string; data: Blob | Uint8Array }[] = [];
    for (const { location, recipe, dtype, dims } of graph.weights) {
      const read = () => materialise(recipe, dtype, weights);
      const bytes = elementCount(dims) * ELEMENT_BYTES[dtype];
      const stream = this.#gpu && this.#build.streamsBlobs;
      mounts.push({ path: location, data: stream ? new VirtualBlob(bytes, read) : await read() });
    }
    return mounts;
  }

  /** Feeds a host tensor or one that another session left on the device. */
  tensor(feed: Feed, dtype: 'f32' | 'f16' | 'i32' | 'i64'): Tensor {
    if (isNetTensor(feed)) return (feed as OrtNetTensor).tensor as Tensor;
    return toOrtTensor(this.#build.ort.Tensor as unknown as TensorFactory, feed, dtype) as Tensor;
  }

  /**
   * Makes one call into the runtime alone, then lets waiting messages (such as "stop") in. After a call that never
   * came back every later one is refused: it would overlap with the first.
   * @throws AppError gpu-lost or gpu-out-of-memory where the runtime's own message says so.
   */
  #exclusive<T>(what: string, call: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      if (this.#hung) throw this.#hung;
      try {
        return await withWatchdog(call(), () => (this.#hung = hungError(what)));
      } catch (error) {
        throw runtimeError(error, what);
      } finally {
        await macrotask();
      }
    });
  }
}

class WebNetwork implements Network {
  readonly #runtime: OrtWebRuntime;
  readonly #family: string;
  readonly #graph: EmittedGraph;
  readonly #session: InferenceSession;
  readonly #types;
  /** Outputs left on the device. Their memory belongs to the session, so they go before it does. */
  readonly #kept = new Set<OrtNetTensor>();
  #released = false;

  constructor(runtime: OrtWebRuntime, family: string, graph: EmittedGraph, session: InferenceSession) {
    this.#runtime = runtime;
    this.#family = family;
    this.#graph = graph;
    this.#session = session;
    this.#types = inputTypes(graph);
  }

  get name(): string {
    return this.#graph.name;
  }

  async run(
    feeds: Readonly<Record<string, Feed>>,
    keepOnDevice: readonly string[] = [],
  ): Promise<Readonly<Record<string, NetTensor>>> {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, feed]) => [
        name,
        this.#runtime.tensor(feed, this.#types.get(name) ?? 'f32'),
      ]),
    );
    return this.#runtime.run(this.name, async () => {
      const outputs = await this.#download(await this.#session.run(inputs), new Set(keepOnDevice));
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [name, this.#output(tensor)]),
      );
    });
  }

  #output(tensor: Tensor): OrtNetTensor {
    if (tensor.location !== 'gpu-buffer') return new OrtNetTensor(tensor);
    const output: OrtNetTensor = new OrtNetTensor(tensor, () => this.#kept.delete(output));
    this.#kept.add(output);
    return output;
  }

  /** Reads every output back except those the caller wants to keep for another network. */
  async #download(
    outputs: InferenceSession.ReturnType,
    kept: ReadonlySet<string>,
  ): Promise<InferenceSession.ReturnType> {
    for (const [name, tensor] of Object.entries(outputs))
      if (tensor.location === 'gpu-buffer' && !kept.has(name)) await tensor.getData(true);
    return outputs;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#runtime.release(this.name, this.#family, async () => {
      for (const output of this.#kept) output.dispose();
      await this.#session.release();
    });
  }
}

/** @param hung makes the error of work that does not come back. */
async function withWatchdog<T>(work: Promise<T>, hung: () => AppError): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(hung());
    }, WATCHDOG_MS);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after the event loop has handled what was waiting. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
