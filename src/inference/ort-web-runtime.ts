import type { InferenceSession, Tensor } from 'onnxruntime-web/jspi';
import { AppError } from '#domain/job/app-error.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { elementCount, ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { Mutex } from './mutex.ts';
import { inputTypes, OrtNetTensor, toOrtTensor, type TensorFactory } from './ort-tensor.ts';
import { type OrtBuild } from './ort-web.ts';
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
  /** Wall time spent inside the runtime, for the benchmark's share of a job outside `session.run`. */
  busyMs = 0;

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
    const session = await this.exclusive(`loading ${graph.name}`, async () =>
      this.#build.ort.InferenceSession.create(graph.model, await this.#options(family, graph, weights)),
    );
    return new WebNetwork(this, graph, session);
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

  /** Runs one call into the runtime alone, then lets waiting messages (such as "stop") in. */
  async exclusive<T>(what: string, call: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      const begin = performance.now();
      try {
        return await withWatchdog(what, call());
      } finally {
        this.busyMs += performance.now() - begin;
        await macrotask();
      }
    });
  }
}

class WebNetwork implements Network {
  readonly #runtime: OrtWebRuntime;
  readonly #graph: EmittedGraph;
  readonly #session: InferenceSession;
  readonly #types;

  constructor(runtime: OrtWebRuntime, graph: EmittedGraph, session: InferenceSession) {
    this.#runtime = runtime;
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
    const outputs = await this.#runtime.exclusive(`running ${this.name}`, async () =>
      this.#download(await this.#session.run(inputs), new Set(keepOnDevice)),
    );
    return Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => [name, new OrtNetTensor(tensor)]),
    );
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
    await this.#runtime.exclusive(`releasing ${this.name}`, () => this.#session.release());
  }
}

async function withWatchdog<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new AppError('gpu-lost', `The runtime stopped answering while ${what}. Reload the page to go on.`),
      );
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
