import type { EmittedGraph } from '#models/graph/builder.ts';
import type { Network, NetworkRuntime } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';

/** Wall time spent in a runtime's calls. */
export interface RuntimeTimes {
  readonly runMs: number;
  readonly loadMs: number;
  readonly runs: number;
}

/** Any runtime, with a clock around `session.run` and another around creating sessions. */
export class TimedRuntime implements NetworkRuntime {
  readonly description: NetworkRuntime['description'];
  readonly emission: NetworkRuntime['emission'];
  readonly #inner: NetworkRuntime;
  #times: RuntimeTimes = { runMs: 0, loadMs: 0, runs: 0 };

  constructor(inner: NetworkRuntime) {
    this.#inner = inner;
    this.description = inner.description;
    this.emission = inner.emission;
  }

  /** What was spent since the last call of this. */
  take(): RuntimeTimes {
    const times = this.#times;
    this.#times = { runMs: 0, loadMs: 0, runs: 0 };
    return times;
  }

  async load(family: string, graph: EmittedGraph, weights: WeightSource): Promise<Network> {
    const begin = performance.now();
    const network = await this.#inner.load(family, graph, weights);
    const { loadMs } = this.#times;
    this.#times = { ...this.#times, loadMs: loadMs + performance.now() - begin };
    return {
      name: network.name,
      run: (feeds, keepOnDevice) => this.#timed(() => network.run(feeds, keepOnDevice)),
      release: () => network.release(),
    };
  }

  async #timed<T>(run: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await run();
    } finally {
      const { runMs, runs } = this.#times;
      this.#times = { ...this.#times, runMs: runMs + performance.now() - begin, runs: runs + 1 };
    }
  }
}
