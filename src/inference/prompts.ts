import { sentence } from '#domain/job/sentence.ts';
import {
  CLIP_TOKEN_TABLE,
  clipTextGraph,
  endOfTextSelector,
  type ClipTextOutput,
} from '#models/clip/text.ts';
import type { PromptSyntax } from '#domain/job/request.ts';
import { batchItem, floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { Mutex } from './mutex.ts';
import { checkFinite, WideningRuntime } from './overflow.ts';
import { embedTokens } from './prompts-tokens.ts';
import type { TextTower, TextTowers } from './prompts-towers.ts';
import {
  a1111Weighting,
  comfyWeighting,
  isWeighted,
  joinTowers,
  type WeightingRule,
} from './prompts-weighting.ts';
import { staysResident } from './residency.ts';
import { takeFloat, type Network, type NetworkRuntime } from './runtime.ts';
import { weightBytes } from './weights.ts';

/** One chunk of a prompt: 77 ids per tower (their padding differs) and a weight per token. */
export interface PromptIds {
  readonly l: readonly number[];
  readonly g: readonly number[];
  readonly weights: readonly number[];
}

/** SDXL text conditioning: context [1,77·chunks,L+G], pooled [1,P]. */
export interface EncodedPrompt {
  readonly context: FloatTensor;
  readonly pooled: FloatTensor;
}

/** Text -> chunks; the empty prompt is one chunk of padding. */
export type Tokenize = (prompt: string, syntax: PromptSyntax) => readonly PromptIds[];

const RULES: Readonly<Record<PromptSyntax, WeightingRule>> = {
  comfy: comfyWeighting,
  a1111: a1111Weighting,
};

/** Encodings kept; a document has at most some twenty prompts. */
const CACHED_PROMPTS = 64;

/** SDXL's prompt encoder: both text towers, weights, chunks (spec/sdxl.md C.5, C.6). Encodings are cached by text. */
export class SdxlPromptEncoder {
  readonly #towers: { readonly l: TowerRunner; readonly g: TowerRunner };
  readonly #tokenize: Tokenize;
  readonly #keep: boolean | undefined;
  readonly #cache = new Map<string, Promise<EncodedPrompt>>();

  /** @param keep stay loaded when told to rest; absent: when the weights are small. */
  constructor(runtime: NetworkRuntime, towers: TextTowers, tokenize: Tokenize, keep?: boolean) {
    this.#towers = {
      l: new TowerRunner(runtime, 'text-l', towers.l, ['penultimate']),
      g: new TowerRunner(runtime, 'text-g', towers.g, ['penultimate', 'pooled']),
    };
    this.#tokenize = tokenize;
    this.#keep = keep;
  }

  encode(prompt: string, syntax: PromptSyntax): Promise<EncodedPrompt> {
    const key = `${syntax}\n${prompt}`;
    const cached = this.#cache.get(key);
    if (cached) return cached;
    const [empty] = this.#tokenize('', syntax) as [PromptIds];
    const result = this.encodeChunks(this.#tokenize(prompt, syntax), empty, syntax);
    this.#remember(key, result);
    return result;
  }

  /** The part below tokenising: chunks in, conditioning out. `empty` is the chunk of the empty prompt. */
  async encodeChunks(
    chunks: readonly PromptIds[],
    empty: PromptIds,
    syntax: PromptSyntax,
  ): Promise<EncodedPrompt> {
    const weights = chunks.map((chunk) => chunk.weights);
    const needsEmpty = syntax === 'comfy' && isWeighted(weights);
    const rows = needsEmpty ? [...chunks, empty] : chunks;
    const l = await this.#towers.l.run(rows.map((row) => row.l));
    const g = await this.#towers.g.run(rows.map((row) => row.g));
    const weighted = (hidden: FloatTensor): FloatTensor => {
      const states = {
        chunks: firstItems(hidden, chunks.length),
        empty: needsEmpty ? batchItem(hidden, chunks.length) : null,
      };
      if (isWeighted(weights)) RULES[syntax](states, weights);
      return states.chunks;
    };
    const context = joinTowers(weighted(l.penultimate), weighted(g.penultimate));
    return { context, pooled: firstItems(g.pooled as FloatTensor, 1) };
  }

  /** Unloads the networks that are large: text encoders, then UNet, never both (spec/onnxruntime-web.md §9). */
  async rest(): Promise<void> {
    for (const tower of [this.#towers.l, this.#towers.g])
      if (!staysResident(tower.bytes, this.#keep)) await tower.release();
  }

  /** Unloads both networks; encodings already made stay cached. */
  async release(): Promise<void> {
    await this.#towers.l.release();
    await this.#towers.g.release();
  }

  #remember(key: string, result: Promise<EncodedPrompt>): void {
    this.#cache.set(key, result);
    result.catch(() => this.#cache.delete(key));
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > CACHED_PROMPTS && oldest !== undefined) this.#cache.delete(oldest);
  }
}

interface TowerOutputs {
  /** [rows,T,C]. */
  readonly penultimate: FloatTensor;
  /** [rows,P]; null for CLIP-L, whose pooled vector SDXL does not use. */
  readonly pooled: FloatTensor | null;
}

/** One tower's network, loaded at first use. */
class TowerRunner {
  readonly #runtime: WideningRuntime;
  readonly #family: string;
  readonly #tower: TextTower;
  readonly #outputs: readonly ClipTextOutput[];
  readonly #mutex = new Mutex();
  #network: Network | null = null;

  constructor(runtime: NetworkRuntime, family: string, tower: TextTower, outputs: readonly ClipTextOutput[]) {
    this.#runtime = new WideningRuntime(runtime);
    this.#family = family;
    this.#tower = tower;
    this.#outputs = outputs;
  }

  /** What its weights take on the device: all but the token table. */
  get bytes(): number {
    const shapes = new Map(this.#tower.weights.shapes);
    shapes.delete(CLIP_TOKEN_TABLE);
    return weightBytes({ shapes }, this.#runtime.emission.dtype);
  }

  /** @throws AppError `model-corrupt` when the outputs are not finite, in 32 bits too. */
  run(rows: readonly (readonly number[])[]): Promise<TowerOutputs> {
    return this.#mutex.run(() =>
      this.#runtime.widened(
        () => this.#encode(rows),
        () => this.#unload(),
      ),
    );
  }

  async #encode(rows: readonly (readonly number[])[]): Promise<TowerOutputs> {
    const network = (this.#network ??= await this.#load());
    const { context } = this.#tower.config;
    const ids = Int32Array.from(rows.flat());
    const pooling = this.#outputs.includes('pooled');
    const results = await network.run({
      token_embeds: await embedTokens(this.#tower.weights, ids, context),
      ...(pooling && { eot: floatTensor([rows.length, context], endOfTextSelector(ids, context)) }),
    });
    const outputs = {
      penultimate: await takeFloat(results, 'penultimate'),
      pooled: pooling ? await takeFloat(results, 'pooled') : null,
    };
    for (const output of Object.values(outputs))
      if (output) checkFinite(output, sentence`The text encoder in "${this.#tower.weights.name}"`);
    return outputs;
  }

  async release(): Promise<void> {
    await this.#mutex.run(() => this.#unload());
  }

  async #unload(): Promise<void> {
    const network = this.#network;
    this.#network = null;
    await network?.release();
  }

  #load(): Promise<Network> {
    const { weights, config } = this.#tower;
    const graph = clipTextGraph(weights.shapes, config, {
      ...this.#runtime.emission,
      outputs: this.#outputs,
    });
    return this.#runtime.load(this.#family, graph, weights);
  }
}

/** The first `count` items of the leading axis, copied. */
function firstItems({ dims, data }: FloatTensor, count: number): FloatTensor {
  const rest = dims.slice(1);
  const stride = rest.reduce((total, dim) => total * dim, 1);
  return floatTensor([count, ...rest], data.slice(0, count * stride));
}
