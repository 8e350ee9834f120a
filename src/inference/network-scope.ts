import { AppError } from '#domain/job/app-error.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import type { EmissionOptions, Feed, NetTensor, Network, NetworkRuntime } from './runtime.ts';
import type { WeightSource } from './weights.ts';

/**
 * The runtime as one set of models sees it. Closing it releases every network loaded through it, whichever adapter,
 * cache or unfinished job holds it, so that nothing of an old model stays on the device when a new one comes.
 */
export class NetworkScope implements NetworkRuntime {
  readonly #runtime: NetworkRuntime;
  readonly #networks = new Set<Network>();
  #closed = false;

  constructor(runtime: NetworkRuntime) {
    this.#runtime = runtime;
  }

  get description(): string {
    return this.#runtime.description;
  }

  get emission(): EmissionOptions {
    return this.#runtime.emission;
  }

  /** @throws AppError `aborted` once the scope is closed, as every run of its networks does. */
  async load(family: string, graph: EmittedGraph, weights: WeightSource): Promise<Network> {
    this.check();
    const network = await this.#runtime.load(family, graph, weights);
    this.#networks.add(network);
    if (this.#closed) await this.release(network);
    this.check();
    return new ScopedNetwork(this, network);
  }

  /** @throws AppError `aborted` once the scope is closed. */
  check(): void {
    if (this.#closed)
      throw new AppError('aborted', 'Stopped, because the models were changed. Start the job again.');
  }

  /** Releases a network unless that has been done. */
  async release(network: Network): Promise<void> {
    if (this.#networks.delete(network)) await network.release();
  }

  /**
   * Releases all networks; one that is running finishes its run first. Tries each even when another fails.
   * @throws AggregateError of what failed.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const results = await Promise.allSettled([...this.#networks].map((network) => this.release(network)));
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    if (errors.length > 0) throw new AggregateError(errors, 'some networks could not be released');
  }
}

class ScopedNetwork implements Network {
  readonly #scope: NetworkScope;
  readonly #network: Network;

  constructor(scope: NetworkScope, network: Network) {
    this.#scope = scope;
    this.#network = network;
  }

  get name(): string {
    return this.#network.name;
  }

  async run(
    feeds: Readonly<Record<string, Feed>>,
    keepOnDevice?: readonly string[],
  ): Promise<Readonly<Record<string, NetTensor>>> {
    this.#scope.check();
    return this.#network.run(feeds, keepOnDevice);
  }

  release(): Promise<void> {
    return this.#scope.release(this.#network);
  }
}
