import type { InferenceSession, Tensor } from 'onnxruntime-web/jspi';
import type { EmittedGraph } from '#models/graph/builder.ts';
import type { PortType } from '#models/graph/dtype.ts';
import { DeviceWatch } from './device-watch.ts';
import { GpuFeeds } from './gpu-tensors.ts';
import { inputTypes, ORT_TYPES, OrtNetTensor, toOrtTensor, type TensorFactory } from './ort-tensor.ts';
import type { Ort } from './ort-web.ts';
import { RecordedOutputs } from './recorded-outputs.ts';
import { isNetTensor, type Feed, type NetTensor, type Network } from './runtime.ts';

type Feeds = Readonly<Record<string, Feed>>;

/** What a network needs of its runtime. */
export interface NetworkHost {
  readonly ort: Ort;
  /** Null on the CPU backend. */
  readonly device: GPUDevice | null;
  /** A new session over the same graph; called while the runtime is held. */
  create(recorded: boolean): Promise<InferenceSession>;
  /** Calls into the runtime alone. */
  run<T>(call: () => Promise<T>): Promise<T>;
  release(call: () => Promise<void>): Promise<void>;
}

/** One session of onnxruntime-web with its inputs and, when its runs are recorded, its outputs. */
export class WebNetwork implements Network {
  readonly #host: NetworkHost;
  readonly #graph: EmittedGraph;
  readonly #types: ReadonlyMap<string, PortType>;
  readonly #feeds: GpuFeeds | null;
  /** Null on the CPU backend. */
  readonly #watch: DeviceWatch | null;
  /** Outputs left on the device. Their memory belongs to the session, so they go before it does. */
  readonly #kept = new Set<OrtNetTensor>();
  #session: InferenceSession | null;
  /** Null when runs are not recorded, or no longer. */
  #recorded: RecordedOutputs | null;
  #released = false;

  constructor(host: NetworkHost, graph: EmittedGraph, session: InferenceSession, recorded: boolean) {
    this.#host = host;
    this.#graph = graph;
    this.#session = session;
    this.#types = inputTypes(graph);
    this.#feeds = host.device && new GpuFeeds(host.device);
    this.#watch = host.device && new DeviceWatch(host.device);
    this.#recorded = recorded && host.device ? new RecordedOutputs(host.ort, host.device, graph) : null;
  }

  get name(): string {
    return this.#graph.name;
  }

  async run(
    feeds: Feeds,
    keepOnDevice: readonly string[] = [],
  ): Promise<Readonly<Record<string, NetTensor>>> {
    return this.#host.run(async () => {
      try {
        const compute = () => this.#compute(feeds, new Set(keepOnDevice));
        return await (this.#watch ? this.#watch.during(compute) : compute());
      } catch (error) {
        await this.#distrust();
        throw error;
      }
    });
  }

  async #compute(feeds: Feeds, kept: ReadonlySet<string>): Promise<Readonly<Record<string, NetTensor>>> {
    if (this.#recorded && !this.#recorded.fits(feeds)) await this.#stopRecording();
    const recorded = this.#recorded;
    const session = await this.#live();
    const { inputs, fetches } = await this.#buffers(feeds);
    const outputs =
      recorded && fetches
        ? await recorded.take(await session.run(inputs, fetches), kept)
        : await download(await session.run(inputs), kept);
    const results = Object.entries(outputs).map(([name, tensor]) => [name, this.#output(tensor)]);
    return Object.fromEntries(results) as Record<string, NetTensor>;
  }

  /** The runtime aborts, for good, on a buffer for which there was no memory: new ones are asked about before. */
  async #buffers(feeds: Feeds) {
    const make = () => ({ inputs: this.#inputs(feeds), fetches: this.#recorded?.fetches(feeds) });
    const isNew = ([name, feed]: [string, Feed]) => !this.#feeds?.hasRoom(name, feed, this.#type(name));
    if (!this.#watch || !Object.entries(feeds).some(isNew)) return make();
    return this.#watch.during(() => Promise.resolve(make()));
  }

  #type(name: string): PortType {
    return this.#types.get(name) ?? 'f32';
  }

  /** The session; a new one when the last could not be replaced. */
  async #live(): Promise<InferenceSession> {
    if (this.#released) throw new Error(`run() of "${this.name}" after release()`);
    return (this.#session ??= await this.#host.create(false));
  }

  /** A recording holds for the shapes of the first run alone: others need a session without one. */
  async #stopRecording(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.#recorded?.release();
    this.#recorded = null;
    await session?.release();
  }

  /** After a failure inputs may be invalid buffers, and a recording may hold calls on such: both are made anew. */
  async #distrust(): Promise<void> {
    this.#feeds?.release();
    // What failed is reported by its own error.
    if (this.#recorded) await this.#stopRecording().catch(() => undefined);
  }

  #inputs(feeds: Feeds): Record<string, Tensor> {
    const tensors = Object.entries(feeds).map(([name, feed]) => [
      name,
      this.#input(name, feed, this.#type(name)),
    ]);
    return Object.fromEntries(tensors) as Record<string, Tensor>;
  }

  #input(name: string, feed: Feed, dtype: PortType): Tensor {
    const { Tensor } = this.#host.ort;
    if (isNetTensor(feed) && !this.#recorded) return (feed as OrtNetTensor).tensor as Tensor;
    const buffer = this.#feeds?.buffer(name, feed, dtype);
    // A fresh wrapper per run: the runtime fails at random when one is used again (spec/onnxruntime-web.md §2.3).
    if (buffer)
      return Tensor.fromGpuBuffer(buffer, { dataType: ORT_TYPES[dtype], dims: feed.dims }) as Tensor;
    if (isNetTensor(feed)) return (feed as OrtNetTensor).tensor as Tensor;
    return toOrtTensor(Tensor as unknown as TensorFactory, feed, dtype) as Tensor;
  }

  #output(tensor: Tensor): OrtNetTensor {
    if (tensor.location !== 'gpu-buffer') return new OrtNetTensor(tensor);
    const output: OrtNetTensor = new OrtNetTensor(tensor, () => this.#kept.delete(output));
    this.#kept.add(output);
    return output;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#host.release(async () => {
      for (const output of this.#kept) output.dispose();
      const session = this.#session;
      this.#session = null;
      try {
        await session?.release();
      } finally {
        this.#recorded?.release();
        this.#feeds?.release();
      }
    });
  }
}

/** Reads every output back except those the caller wants to keep for another network. */
async function download(
  outputs: InferenceSession.ReturnType,
  kept: ReadonlySet<string>,
): Promise<InferenceSession.ReturnType> {
  for (const [name, tensor] of Object.entries(outputs))
    if (tensor.location === 'gpu-buffer' && !kept.has(name)) await tensor.getData(true);
  return outputs;
}
