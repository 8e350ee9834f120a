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
import { inputTypes, OrtNetTensor, toOrtTensor, type TensorFactory } from '#inference/ort-tensor.ts';
import { materialise, type WeightSource } from '#inference/weights.ts';

export interface NodeRuntimeOptions extends Partial<EmissionOptions> {
  readonly threads?: number;
}

/** Networks on onnxruntime-node's CPU provider: goldens, evaluation, benchmarks, later the daemon. */
export class OrtNodeRuntime implements NetworkRuntime {
  readonly description = 'CPU (onnxruntime-node)';
  readonly emission: EmissionOptions;
  readonly #threads: number;

  constructor(options: NodeRuntimeOptions = {}) {
    const { dtype = 'f32', attention = 'fused', linearBits = null, threads = 0 } = options;
    this.emission = { dtype, attention, linearBits };
    this.#threads = threads;
  }

  async load(
    _family: string,
    graph: EmittedGraph,
    weights: WeightSource,
    _options: LoadOptions = {},
  ): Promise<Network> {
    const externalData = [];
    for (const { location, recipe, dtype } of graph.weights)
      externalData.push({ path: location, data: await materialise(recipe, dtype, weights) });
    const session = await ort.InferenceSession.create(graph.model, {
      executionProviders: ['cpu'],
      externalData,
      intraOpNumThreads: this.#threads,
      logSeverityLevel: 3,
    });
    return new NodeNetwork(graph, session);
  }
}

class NodeNetwork implements Network {
  readonly #graph: EmittedGraph;
  readonly #session: ort.InferenceSession;

  constructor(graph: EmittedGraph, session: ort.InferenceSession) {
    this.#graph = graph;
    this.#session = session;
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
    await this.#session.release();
  }
}
