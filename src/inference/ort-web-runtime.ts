import { sentence, type Sentence, type Words } from '#domain/job/sentence.ts';
import type { InferenceSession } from 'onnxruntime-web/jspi';
import type { AppError } from '#domain/job/app-error.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { DeviceWatch } from './device-watch.ts';
import { Mutex } from './mutex.ts';
import { WebNetwork } from './ort-web-network.ts';
import type { OrtBuild } from './ort-web.ts';
import { crashError, hungError, runtimeError } from './runtime-errors.ts';
import type { EmissionOptions, LoadOptions, Network, NetworkRuntime } from './runtime.ts';
import { noticedReads, Watchdog } from './watchdog.ts';
import { WeightStream } from './weight-stream.ts';
import { materialise, type WeightSource } from './weights.ts';

/** Gives each model family its own GPUDevice; absent for the CPU backend. */
export interface DeviceProvider {
  device(family: string): Promise<GPUDevice>;
  /** No session uses the family's device any more. Destroying it is what gives its memory back. */
  release(family: string): void;
}

/**
 * Networks on onnxruntime-web: WebGPU when devices are given, else the wasm CPU backend.
 * Every create and run of the worker goes through one mutex, because overlapping ones hang the runtime.
 */
export class OrtWebRuntime implements NetworkRuntime {
  readonly description: Words;
  readonly emission: EmissionOptions;
  readonly #build: OrtBuild;
  readonly #devices: DeviceProvider | null;
  readonly #mutex = new Mutex();
  /** Sessions by family; a family without any has no entry. */
  readonly #sessions = new Map<string, number>();
  /** Why nothing can be called any more. */
  #ended: AppError | null = null;
  /** Of the call under way. */
  #watchdog: Watchdog | null = null;
  /** Wall time spent running networks, for the benchmark's share of a job outside `session.run`. */
  busyMs = 0;
  /** Wall time spent reading and converting weights and creating sessions. */
  loadMs = 0;

  constructor(
    build: OrtBuild,
    devices: DeviceProvider | null,
    description: Words,
    emission: EmissionOptions,
  ) {
    this.#build = build;
    this.#devices = devices;
    this.description = description;
    this.emission = emission;
  }

  /**
   * @throws AppError of the weight source as it is, `aborted` by `options.signal`, or see {@link runtimeError}. Nothing
   * of the network is left then, and with the family's only network its device goes.
   */
  async load(
    family: string,
    graph: EmittedGraph,
    weights: WeightSource,
    { capture = false, signal }: LoadOptions = {},
  ): Promise<Network> {
    return this.#exclusive(sentence`loading ${graph.name}`, async () => {
      signal?.throwIfAborted();
      this.#count(family, +1);
      try {
        const device = (await this.#devices?.device(family)) ?? null;
        const create = (recorded: boolean) => this.#create(device, graph, weights, recorded, signal);
        const host = {
          ort: this.#build.ort,
          device,
          create,
          run: <T>(call: () => Promise<T>) => this.#run(graph.name, call),
          release: (call: () => Promise<void>) => this.#release(graph.name, family, call),
        };
        const recorded = capture && device !== null;
        return new WebNetwork(host, graph, await create(recorded), recorded);
      } catch (error) {
        this.#count(family, -1);
        throw error;
      }
    });
  }

  /** Runs a session alone, including reading its outputs back. */
  #run<T>(name: string, call: () => Promise<T>): Promise<T> {
    return this.#exclusive(sentence`running ${name}`, async () => {
      const begin = performance.now();
      try {
        return await call();
      } finally {
        this.busyMs += performance.now() - begin;
      }
    });
  }

  /** Releases one of a family's sessions, and with the last one the family's device. */
  #release(name: string, family: string, call: () => Promise<void>): Promise<void> {
    return this.#exclusive(sentence`releasing ${name}`, async () => {
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

  async #create(
    device: GPUDevice | null,
    graph: EmittedGraph,
    source: WeightSource,
    recorded: boolean,
    signal: AbortSignal | undefined,
  ): Promise<InferenceSession> {
    const weights = noticedReads(source, () => this.#watchdog?.restart());
    const begin = performance.now();
    try {
      return await (device && this.#build.streamsBlobs
        ? this.#createStreaming(device, graph, uploadStream(device, graph, weights, signal), recorded)
        : this.#createFrom(await wholeMounts(graph, weights, signal), graph, device, recorded));
    } finally {
      this.loadMs += performance.now() - begin;
    }
  }

  async #createStreaming(
    device: GPUDevice,
    graph: EmittedGraph,
    stream: WeightStream,
    recorded: boolean,
  ): Promise<InferenceSession> {
    let session: InferenceSession | undefined;
    try {
      return await new DeviceWatch(device).during(async () => {
        session = await this.#createFrom(stream.mounts, graph, device, recorded);
        stream.throwIfFailed();
        return session;
      });
    } catch (error) {
      await session?.release();
      stream.throwIfFailed();
      throw error;
    } finally {
      stream.close();
    }
  }

  #createFrom(
    externalData: readonly { readonly path: string; readonly data: Blob | Uint8Array }[],
    graph: EmittedGraph,
    device: GPUDevice | null,
    recorded: boolean,
  ): Promise<InferenceSession> {
    return this.#build.ort.InferenceSession.create(graph.model, {
      executionProviders: device ? [webgpuProvider(device, recorded)] : ['wasm'],
      externalData,
      graphOptimizationLevel: 'all',
      ...(device && { preferredOutputLocation: 'gpu-buffer' as const, enableGraphCapture: recorded }),
      // A node silently placed on the CPU would copy its tensors to the host and back on every run.
      ...(device && { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
    });
  }

  /**
   * Makes one call into the runtime alone, then lets waiting messages (such as "stop") in. After a call that never
   * came back or crashed the runtime every later one is refused.
   * @throws AppError gpu-lost or gpu-out-of-memory where the runtime's own message says so.
   */
  #exclusive<T>(what: Sentence, call: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      if (this.#ended) throw this.#ended;
      try {
        this.#watchdog = new Watchdog(() => (this.#ended = hungError(what)));
        return await this.#watchdog.over(call());
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) throw (this.#ended = crashError(what, error));
        throw runtimeError(error, what);
      } finally {
        await macrotask();
      }
    });
  }
}

/**
 * A recorded run needs its buffers again; every other gives them back after each submit, which halves the peak
 * (spec/onnxruntime-web.md §2.4, and what the memory plan counts on).
 */
function webgpuProvider(device: GPUDevice, recorded: boolean): InferenceSession.ExecutionProviderConfig {
  return { name: 'webgpu', device, storageBufferCacheMode: recorded ? 'bucket' : 'lazyRelease' };
}

function uploadStream(
  { queue }: GPUDevice,
  graph: EmittedGraph,
  weights: WeightSource,
  signal: AbortSignal | undefined,
): WeightStream {
  return new WeightStream(graph, weights, { signal, uploaded: () => queue.onSubmittedWorkDone() });
}

/** Every initializer computed beforehand, where the backend wants them all at once. */
async function wholeMounts(
  graph: EmittedGraph,
  weights: WeightSource,
  signal: AbortSignal | undefined,
): Promise<{ path: string; data: Uint8Array }[]> {
  const mounts = [];
  for (const { location, recipe, dtype } of graph.weights) {
    signal?.throwIfAborted();
    mounts.push({ path: location, data: await materialise(recipe, dtype, weights) });
  }
  return mounts;
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
