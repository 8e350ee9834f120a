import { unetConditioningGraph } from '#models/sdxl/unet.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { LeaseCache } from './denoiser-cache.ts';
import { unetNetworkWeights, type KeysValues, type UnetModel } from './denoiser-session.ts';
import { graphWeightBytes } from './network-pool.ts';
import { staysResident } from './residency.ts';
import { takeFloat, type Network, type NetworkRuntime } from './runtime.ts';

/** Networks for different prompt lengths that may be loaded together, where they are small enough to stay at all. */
const MAX_NETWORKS = 4;

/**
 * The conditioning graph: every cross-attention key and value of a batch at once (spec/sdxl.md A.8). It has its own
 * family of networks, so that its 1.4 GB at full size leave the device before the sampler's first step.
 */
export class UnetConditioner {
  readonly #runtime: NetworkRuntime;
  readonly #model: UnetModel;
  readonly #keep: boolean | undefined;
  readonly #networks = new LeaseCache<ConditioningNetwork>(MAX_NETWORKS);

  /** @param keep stay loaded between batches; absent: when the weights are small. */
  constructor(runtime: NetworkRuntime, model: UnetModel, keep?: boolean) {
    this.#runtime = runtime;
    this.#model = model;
    this.#keep = keep;
  }

  /** context [B,T,C] and, when the model has an adapter, imageTokens [B,T_ip,C] -> keys and values. */
  async keysValues(context: FloatTensor, imageTokens: FloatTensor | null): Promise<KeysValues> {
    const tokens = context.dims[1] as number;
    const lease = await this.#networks.acquire(String(tokens), () =>
      ConditioningNetwork.load(this.#runtime, this.#model, tokens),
    );
    try {
      return await lease.value.run(context, imageTokens);
    } finally {
      lease.done();
      if (!staysResident(lease.value.bytes, this.#keep)) await this.#networks.clear();
    }
  }

  async release(): Promise<void> {
    await this.#networks.clear();
  }
}

class ConditioningNetwork {
  readonly #network: Network;
  /** Names of all key and value ports. */
  readonly #ports: readonly string[];
  /** What its weights take on the device. */
  readonly bytes: number;

  private constructor(network: Network, ports: readonly string[], bytes: number) {
    this.#network = network;
    this.#ports = ports;
    this.bytes = bytes;
  }

  static async load(runtime: NetworkRuntime, model: UnetModel, tokens: number): Promise<ConditioningNetwork> {
    const image = model.adapter?.attention;
    const weights = unetNetworkWeights(model);
    const graph = unetConditioningGraph(weights.shapes, model.config, {
      ...runtime.emission,
      tokens,
      ...(image && { image }),
    });
    const network = await runtime.load(`conditioning ${tokens}`, graph, weights);
    const ports = graph.outputs.map(({ name }) => name);
    return new ConditioningNetwork(network, ports, graphWeightBytes(graph));
  }

  async run(context: FloatTensor, imageTokens: FloatTensor | null): Promise<KeysValues> {
    const outputs = await this.#network.run({
      context,
      ...(imageTokens && { image_tokens: imageTokens }),
    });
    const taken = this.#ports.map(async (port) => [port, await takeFloat(outputs, port)] as const);
    return Object.fromEntries(await Promise.all(taken));
  }

  release(): Promise<void> {
    return this.#network.release();
  }
}
