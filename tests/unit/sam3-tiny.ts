import { readFileSync } from 'node:fs';
import type { Network, NetworkRuntime } from '#inference/runtime.ts';
import { Sam3Segmenter } from '#inference/segmenter.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { ruleModel } from '../../src/dev/golden/sam3-weights.ts';

/** The golden model's sizes; its weights follow a rule (`ruleModel`). */
export const config = JSON.parse(
  readFileSync(new URL('../golden/data/sam3/config.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/** "cat" in the golden model's own vocabulary. */
export const CAT = [510, 17, 42, 511];

/** Counts the runs of each network. */
export class CountingRuntime implements NetworkRuntime {
  readonly #inner = new OrtNodeRuntime({ threads: 1 });
  readonly runs = new Map<string, number>();
  readonly description = 'counting';
  readonly emission = this.#inner.emission;

  async load(...args: Parameters<NetworkRuntime['load']>): Promise<Network> {
    const network = await this.#inner.load(...args);
    return {
      name: network.name,
      run: (feeds, keep) => {
        this.runs.set(network.name, (this.runs.get(network.name) ?? 0) + 1);
        return network.run(feeds, keep);
      },
      release: () => network.release(),
    };
  }

  /** Runs by graph since it was last asked. */
  take(): Record<string, number> {
    const runs = Object.fromEntries(
      [...this.runs].map(([name, count]) => [name.replace('SAM 3 ', ''), count]),
    );
    this.runs.clear();
    return runs;
  }
}

/** The golden model as a segmenter; every phrase of another length is another list of its 512 tokens. */
export function tinySegmenter(runtime: NetworkRuntime, tracker = true): Sam3Segmenter {
  const model = ruleModel(config);
  const used = tracker ? model : { ...model, config: { ...model.config, tracker: null } };
  return new Sam3Segmenter(runtime, used, {
    tokenize: (phrase, context) => ({
      ids: [510, ...[...phrase].map((letter) => letter.charCodeAt(0)), 511].slice(0, context),
      readAs: phrase.length > context - 2 ? phrase.slice(0, context - 2) : null,
    }),
  });
}
