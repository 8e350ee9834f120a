import * as ort from 'onnxruntime-node';
import type { EmittedGraph } from '#models/graph/builder.ts';
import {
  isNetTensor,
  type EmissionOptions,
  type Feed,
  type LoadOptions,
  type NetTensor,
  type Network,
  type NetworkRuntime,
} from '#inference/runtime.ts';
import { graphWeightBytes } from '#inference/network-pool.ts';
import { inputTypes, OrtNetTensor, toOrtTensor, type TensorFactory } from '#inference/ort-tensor.ts';
import { materialise, type WeightSource } from '#inference/weights.ts';
import { SpooledGraph } from './spooled-graph.ts';

export interface NodeRuntimeOptions extends Partial<EmissionOptions> {
  readonly threads?: number;
  /** Where graphs with large weights are written to be mapped; default: the system's folder for temporary files. */
  readonly spoolDir?: string;
  /** Weights from which a graph is spooled, in bytes. */
  readonly spoolFrom?: number;
}

const SPOOL_FROM = 512 * 2 ** 20;

/** Networks on onnxruntime-node's CPU provider: goldens, evaluation, benchmarks, later the daemon. */
export class OrtNodeRuntime implements NetworkRuntime {
  readonly description = 'CPU (onnxruntime-node)';
  readonly emission: EmissionOptions;
  readonly #options: NodeRuntimeOptions;

  constructor(options: NodeRuntimeOptions = {}) {
    const { dtype = 'f32', attention = 'fused' } = options;
    this.emission = { dtype, attention };
    this.#options = options;
  }

  async load(
    _family: string,
    graph: EmittedGraph,
    weights: WeightSource,
    { signal }: LoadOptions = {},
  ): Promise<Network> {
    const { spoolFrom = SPOOL_FROM } = this.#options;
    if (graphWeightBytes(graph) >= spoolFrom) return this.#loadSpooled(graph, weights, signal);
    const externalData = [];
    for (const { location, recipe, dtype } of graph.weights) {
      signal?.throwIfAborted();
      externalData.push({ path: location, data: await materialise(recipe, dtype, weights) });
    }
    const session = await ort.InferenceSession.create(graph.model, {
      ...this.#sessionOptions(),
      externalData,
    });
    return new NodeNetwork(graph, session, null);
  }

  /** Weights are mapped from disk, and not packed for matrix products: that would hold all of them once more. */
  async #loadSpooled(
    graph: EmittedGraph,
    weights: WeightSource,
    signal: AbortSignal | undefined,
  ): Promise<Network> {
    const spooled = await SpooledGraph.write(graph, weights, this.#options.spoolDir, signal);
    try {
      const session = await ort.InferenceSession.create(spooled.modelPath, {
        ...this.#sessionOptions(),
        graphOptimizationLevel: 'extended',
        extra: { session: { disable_prepacking: '1' } },
      });
      return new NodeNetwork(graph, session, spooled);
    } catch (error) {
      await spooled.remove();
      throw error;
    }
  }

  #sessionOptions(): ort.InferenceSession.SessionOptions {
    const { threads = 0 } = this.#options;
    return { executionProviders: ['cpu'], intraOpNumThreads: threads, logSeverityLevel: 3 };
  }
}

class NodeNetwork implements Network {
  readonly #graph: EmittedGraph;
  readonly #session: ort.InferenceSession;
  readonly #spooled: SpooledGraph | null;
  #released = false;

  constructor(graph: EmittedGraph, session: ort.InferenceSession, spooled: SpooledGraph | null) {
    this.#graph = graph;
    this.#session = session;
    this.#spooled = spooled;
  }

  get name(): string {
    return this.#graph.name;
  }

  async run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, NetTensor>>> {
    const types = inputTypes(this.#graph);
    const tensors = Object.entries(feeds).map(([name, feed]) => [name, this.#tensor(feed, types.get(name))]);
    const outputs = await this.#session.run(Object.fromEntries(tensors) as ort.InferenceSession.FeedsType);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => [name, new OrtNetTensor(tensor)]),
    );
  }

  #tensor(feed: Feed, dtype: 'f32' | 'f16' | 'i32' | 'i64' = 'f32'): ort.Tensor {
    if (isNetTensor(feed)) return (feed as OrtNetTensor).tensor as ort.Tensor;
    return toOrtTensor(ort.Tensor as unknown as TensorFactory, feed, dtype) as ort.Tensor;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#session.release();
    await this.#spooled?.remove();
  }
}
