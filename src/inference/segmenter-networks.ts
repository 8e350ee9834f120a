import { ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { gridOf, type Sam3Config } from '#models/sam3/config.ts';
import { sam3Graph, type Sam3GraphName } from '#models/sam3/graphs.ts';
import { MASKED, TEXT_POSITIONS, TOKEN_TABLE } from '#models/sam3/text.ts';
import { exemplarInputs, type ExemplarBox } from '#domain/sam3/exemplar.ts';
import { causalMask } from '#domain/sam3/phrase.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { takeFloat, type Feed, type NetTensor, type Network, type NetworkRuntime } from './runtime.ts';
import type { Sam3Model } from './segmenter-model.ts';
import { gatherRows, type WeightSource } from './weights.ts';

const FAMILY = 'sam3';

/** Results of a graph by output name. */
export type Outputs = Readonly<Record<string, NetTensor>>;
/** Feature maps of one picture, by graph input name. They may live on the GPU. */
export type Features = Readonly<Record<'fpn0' | 'fpn1' | 'fpn2', Feed>>;

/** The graphs of one SAM 3 model, each loaded when first run, and the host work between them. */
export class Sam3Networks {
  readonly config: Sam3Config;
  readonly weights: WeightSource;
  readonly #runtime: NetworkRuntime;
  readonly #probes: boolean;
  readonly #loaded = new Map<Sam3GraphName, Promise<Network>>();

  constructor(runtime: NetworkRuntime, model: Sam3Model, probes = false) {
    this.#runtime = runtime;
    this.config = model.config;
    this.weights = model.weights;
    this.#probes = probes;
  }

  /** Of a value of the features where they are computed. */
  get elementBytes(): number {
    return ELEMENT_BYTES[this.#runtime.emission.dtype];
  }

  async run(
    name: Sam3GraphName,
    feeds: Readonly<Record<string, Feed>>,
    keep: readonly string[] = [],
  ): Promise<Outputs> {
    return (await this.#network(name)).run(feeds, keep);
  }

  /** Picture tensor [1,3,S,S] -> features, kept where they were computed. */
  encode(pixels: FloatTensor, graph: 'vision' | 'vision+tracker' = 'vision'): Promise<Outputs> {
    const tracker = graph === 'vision' ? [] : ['trk_s0', 'trk_s1', 'trk_fpn2'];
    return this.run(graph, { pixel_values: pixels }, ['fpn0', 'fpn1', 'fpn2', ...tracker]);
  }

  /** Token ids -> text features [1,n,d]. */
  async text(ids: readonly number[]): Promise<FloatTensor> {
    const n = ids.length;
    const outputs = await this.run('text', {
      token_embeds: await this.#embedded(ids),
      causal: floatTensor([1, 1, n, n], causalMask(n, MASKED)),
    });
    return takeFloat(outputs, 'text_features');
  }

  /** Geometry tokens [1,N+1,d] of N exemplar boxes; the last is CLS, which every prompt needs (spec/sam3.md 2.4). */
  async geometry(fpn2: Feed, boxes: readonly ExemplarBox[]): Promise<FloatTensor> {
    const { d, roi } = this.config;
    const sizes = { grid: gridOf(this.config), d, roi };
    const outputs =
      boxes.length === 0
        ? await this.run('geometry', { fpn2 })
        : await this.run('geometry+boxes', { fpn2, ...exemplarInputs(boxes, sizes) });
    return takeFloat(outputs, 'geo');
  }

  /** Grounds one prompt [1,L,d]; the pixel embedding stays on the device. */
  ground({ fpn0, fpn1, fpn2 }: Features, prompt: FloatTensor): Promise<Outputs> {
    return this.run('grounding', { fpn0, fpn1, fpn2, prompt }, ['pixel_embed']);
  }

  /** Mask logits of chosen queries: q [1,K,d], qb [1,K,1] -> one field of (4g)² values each. */
  async masks(q: FloatTensor, qb: FloatTensor, pixelEmbed: Feed): Promise<Float32Array[]> {
    const { data } = await takeFloat(await this.run('maskhead', { q, qb, pixel_embed: pixelEmbed }), 'masks');
    const count = q.dims[1] as number;
    const length = data.length / count;
    return Array.from({ length: count }, (_, i) => data.subarray(i * length, (i + 1) * length));
  }

  async release(): Promise<void> {
    const loaded = [...this.#loaded.values()];
    this.#loaded.clear();
    for (const network of loaded) await (await network).release();
  }

  #network(name: Sam3GraphName): Promise<Network> {
    const existing = this.#loaded.get(name);
    if (existing) return existing;
    const options = { ...this.#runtime.emission, probes: this.#probes };
    const graph = sam3Graph(name, this.weights.shapes, this.config, options);
    const loading = this.#runtime.load(FAMILY, graph, this.weights);
    this.#loaded.set(name, loading);
    // A failed load may be tried again, e.g. after the device came back.
    loading.catch(() => this.#loaded.delete(name));
    return loading;
  }

  /** Token rows plus position rows [1,n,width]; of the table only those rows are read. */
  async #embedded(ids: readonly number[]): Promise<FloatTensor> {
    const tokens = await gatherRows(this.weights, TOKEN_TABLE, ids);
    const positions = (await this.weights.rows(TEXT_POSITIONS, 0, ids.length)).data;
    const data = tokens.data.map((value, i) => value + (positions[i] as number));
    return floatTensor([1, ...tokens.dims], data);
  }
}

/** Prompt rows [1,n,d] and [1,m,d] one after the other. */
export function joinRows(a: FloatTensor, b: FloatTensor): FloatTensor {
  const [, n, d] = a.dims as [number, number, number];
  const result = floatTensor([1, n + (b.dims[1] as number), d]);
  result.data.set(a.data);
  result.data.set(b.data, a.data.length);
  return result;
}

/** Chosen rows of [1,n,width] -> [1,K,width]. */
export function pickRows({ dims, data }: FloatTensor, rows: readonly number[]): FloatTensor {
  const width = dims[2] as number;
  const result = floatTensor([1, rows.length, width]);
  rows.forEach((row, i) => result.data.set(data.subarray(row * width, (row + 1) * width), i * width));
  return result;
}

/** Gives back all results of a run. */
export function disposeAll(outputs: Outputs): void {
  for (const output of Object.values(outputs)) output.dispose();
}
