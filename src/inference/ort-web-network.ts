import type { InferenceSession, Tensor } from 'onnxruntime-web/jspi';
import type { EmittedGraph } from '#models/graph/builder.ts';
import type { PortType } from '#models/graph/dtype.ts';
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
      const kept = new Set(keepOnDevice);
      if (this.#recorded && !this.#recorded.fits(feeds)) await this.#stopRecording();
      const recorded = this.#recorded;
      const session = this.#live();
      const inputs = this.#inputs(feeds);
      const outputs = recorded
        ? await recorded.take(await session.run(inputs, recorded.fetches(feeds)), kept)
        : await download(await session.run(inputs), kept);
      const results = Object.entries(outputs).map(([name, tensor]) => [name, this.#output(tensor)]);
      return Object.fromEntries(results) as Record<string, NetTensor>;
    });
  }

  #live(): InferenceSession {
    if (!this.#session)
      throw new Error(`run() of "${this.name}" after it was released or failed to load again`);
    return this.#session;
  }

  /** A recording holds for the shapes of the first run alone: others need a session without one. */
  async #stopRecording(): Promise<void> {
    const session = this.#live();
    this.#session = null;
    await session.release();
    this.#recorded?.release();
    this.#recorded = null;
    this.#session = await this.#host.create(false);
  }

  #inputs(feeds: Feeds): Record<string, Tensor> {
    const tensors = Object.entries(feeds).map(([name, feed]) => [
      name,
      this.#input(name, feed, this.#types.get(name) ?? 'f32'),
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
