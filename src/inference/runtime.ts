import type { Words } from '#domain/job/sentence.ts';
import type { AttentionForm } from '#models/graph/attention.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import type { Precision } from '#models/graph/dtype.ts';
import type { HostTensor } from '#domain/tensor.ts';
import type { WeightSource } from './weights.ts';

/** A tensor that may live on the GPU. Whoever receives it disposes it. */
export interface NetTensor {
  readonly dims: readonly number[];
  /** Copies the values to the host, as float32 (or int32/int64) whatever the device type. */
  read(): Promise<HostTensor>;
  dispose(): void;
}

/** What a run reads: values of the page's memory, or a result that stayed where it was computed. */
export type Feed = HostTensor | NetTensor;

/** One loaded network: a session over an emitted graph. */
export interface Network {
  readonly name: string;
  /**
   * Runs the graph. Outputs named in `keepOnDevice` stay where they were computed (K/V caches, feature maps); the
   * others are on the host already. Calls are serialised: the runtime hangs on overlapping runs.
   *
   * A host feed that is the same object as the one fed under that name in the run before is not uploaded again, so
   * what stays the same over a sampler's steps (keys and values) crosses once. Feeds are never changed in place.
   */
  run(
    feeds: Readonly<Record<string, Feed>>,
    keepOnDevice?: readonly string[],
  ): Promise<Readonly<Record<string, NetTensor>>>;
  release(): Promise<void>;
}

/** What a graph builder must know about the device it emits for. */
export interface EmissionOptions extends Precision {
  readonly attention: AttentionForm;
}

/** How a network is loaded. */
export interface LoadOptions {
  /** Every run has the shapes of the first: the backend may record it once and replay it. Ignored where it cannot. */
  readonly capture?: boolean;
  /** Ends a load at its next tensor with the signal's reason; nothing of the network is left then. */
  readonly signal?: AbortSignal;
}

/** Creates networks on one backend: onnxruntime-web (wasm or WebGPU) or onnxruntime-node. */
export interface NetworkRuntime {
  /** Shown to the user: "WebGPU · NVIDIA …", "CPU (wasm, 2 threads)". */
  readonly description: Words;
  readonly emission: EmissionOptions;
  /** Networks of one family share a device, so that releasing the family frees its memory. */
  load(family: string, graph: EmittedGraph, weights: WeightSource, options?: LoadOptions): Promise<Network>;
}

/** Whether a feed stays with the runtime and has to be disposed of. */
export function isNetTensor(feed: Feed): feed is NetTensor {
  return 'dispose' in feed;
}

/** Reads a network's output to the host as float32 and disposes it. */
export async function takeFloat(
  outputs: Readonly<Record<string, NetTensor>>,
  name: string,
): Promise<HostTensor<Float32Array>> {
  const output = outputs[name];
  if (!output) throw new RangeError(`the network has no output "${name}"`);
  const { dims, data } = await output.read();
  output.dispose();
  if (!(data instanceof Float32Array)) throw new TypeError(`output "${name}" is not floating point`);
  return { dims, data };
}
