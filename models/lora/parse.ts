import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import { splitLoraName, type LoraPart } from './tensor-names.ts';

/** `lora`: linear or 1×1; `locon`: k×k convolutions, also in Tucker form; `diff`: whole deltas, also of norms. */
export type LoraFamily = 'lora' | 'locon' | 'loha' | 'lokr' | 'diff';

/**
 * A matrix or kernel as the file stores it. `dims` are those of the result, [out, in, ...kernel].
 * `product`: a [out,r] · b [r, in...]. `tucker`: Σ_ij a[i,out]·core[i,j,...kernel]·b[j,in], a being [out,i] if `outFirst`.
 */
export type LoraFactor = { readonly dims: readonly number[] } & (
  | { readonly kind: 'full'; readonly key: string }
  | { readonly kind: 'product'; readonly a: string; readonly b: string }
  | {
      readonly kind: 'tucker';
      readonly a: string;
      readonly core: string;
      readonly b: string;
      readonly outFirst: boolean;
    }
);

/** The change of one weight: its only factor, or the element-wise (`loha`) or Kronecker (`lokr`) product of two. */
export interface LoraDelta {
  readonly family: LoraFamily;
  readonly factors: readonly LoraFactor[];
  /** Shape of the whole change, [out, in, ...kernel]; a flattened convolution is [out, in·kernel]. */
  readonly dims: readonly number[];
  /** What alpha is divided by; null where alpha plays no part. */
  readonly rank: number | null;
  /** Key of DoRA's magnitudes; `axis` says which norm they replace. */
  readonly dora: { readonly key: string; readonly axis: 'row' | 'column'; readonly count: number } | null;
}

/** All that a file says about one module of a network. Strings are keys of the file. */
export interface LoraModule {
  readonly stem: string;
  readonly delta: LoraDelta | null;
  readonly alpha: string | null;
  /** Change of the bias. */
  readonly bias: { readonly key: string; readonly count: number } | null;
}

/** A LoRA file taken apart into the modules it changes. */
export interface ParsedLora {
  readonly modules: readonly LoraModule[];
  /** Tensors that belong to no form of LoRA known here (OFT, GLoRA, trained embeddings, ...). */
  readonly strays: readonly string[];
}

/**
 * Reads a LoRA file's modules from names and shapes (spec/sdxl.md G).
 * @param fileName for the messages; null where the page shows it beside them.
 * @throws AppError `model-corrupt` naming file and key when the tensors of a module do not fit each other.
 */
export function parseLora(shapes: ShapeTable, fileName: string | null): ParsedLora {
  const groups = new Map<string, Map<LoraPart, string>>();
  const strays: string[] = [];
  for (const name of shapes.keys()) {
    const split = splitLoraName(name);
    if (!split) {
      strays.push(name);
      continue;
    }
    const group = groups.get(split.stem) ?? new Map<LoraPart, string>();
    const earlier = group.get(split.part);
    if (earlier) throw damaged(fileName, name, sentence`says the same thing as "${earlier}"`);
    groups.set(split.stem, group.set(split.part, name));
  }
  const modules = [...groups].map(([stem, parts]) => new ModuleReader(shapes, fileName, stem, parts).read());
  return { modules, strays };
}

function damaged(fileName: string | null, key: string, reason: Sentence): AppError {
  return new AppError(
    'model-corrupt',
    fileName === null
      ? sentence`This LoRA cannot be used: its tensor "${key}" ${reason}. The file may be damaged; download it again.`
      : sentence`The LoRA "${fileName}" cannot be used: its tensor "${key}" ${reason}. The file may be damaged; download it again.`,
  );
}

const size = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
/** A 1×1 convolution is a matrix, and a vector of magnitudes may carry ones. */
export function withoutTrailingOnes(dims: readonly number[]): readonly number[] {
  const last = dims.findLastIndex((dim) => dim !== 1);
  return dims.slice(0, Math.max(last + 1, Math.min(2, dims.length)));
}

class ModuleReader {
  readonly #shapes: ShapeTable;
  readonly #fileName: string | null;
  readonly #stem: string;
  readonly #parts: ReadonlyMap<LoraPart, string>;
  readonly #read = new Set<string>();

  constructor(
    shapes: ShapeTable,
    fileName: string | null,
    stem: string,
    parts: ReadonlyMap<LoraPart, string>,
  ) {
    this.#shapes = shapes;
    this.#fileName = fileName;
    this.#stem = stem;
    this.#parts = parts;
  }

  read(): LoraModule {
    const delta = this.#delta();
    const alpha = this.#key('alpha');
    if (alpha && size(this.#dims(alpha)) !== 1) throw this.#bad(alpha, sentence`should be a single number`);
    const biasKey = this.#key('diff_b');
    const bias = biasKey ? { key: biasKey, count: size(this.#dims(biasKey)) } : null;
    if (!delta && !bias) throw this.#bad(this.#first(), sentence`comes without the matrices it belongs to`);
    // A module that states two forms at once must not be applied by half.
    const unread = [...this.#parts.values()].find((key) => !this.#read.has(key));
    if (unread) throw this.#bad(unread, sentence`does not go with the other tensors of its module`);
    return { stem: this.#stem, delta, alpha, bias };
  }

  #delta(): LoraDelta | null {
    if (this.#has('down', 'up', 'mid')) return this.#lowRank();
    if (this.#has('hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b', 'hada_t1', 'hada_t2'))
      return this.#loha();
    if (this.#has('lokr_w1', 'lokr_w2', 'lokr_w1_a', 'lokr_w1_b', 'lokr_w2_a', 'lokr_w2_b', 'lokr_t2'))
      return this.#lokr();
    if (this.#has('dora', 'magnitude'))
      throw this.#bad(this.#first(), sentence`comes without the matrices it belongs to`);
    const diff = this.#key('diff');
    if (!diff) return null;
    return { family: 'diff', factors: [this.#full(diff)], dims: this.#dims(diff), rank: null, dora: null };
  }

  /** up [out,r,1,1] and down [r,in,k,k]; with mid [r,r,k,k] the Tucker form. */
  #lowRank(): LoraDelta {
    const [up, down, mid] = [this.#need('up'), this.#need('down'), this.#key('mid')];
    const factor = mid ? this.#tucker(up, mid, down, true) : this.#product(up, down);
    const kernel = withoutTrailingOnes(factor.dims).length > 2;
    return this.#scaled(kernel ? 'locon' : 'lora', [factor], factor.dims, this.#dims(down)[0] as number);
  }

  #loha(): LoraDelta {
    const [one, two] = [this.#hadamardFactor(1), this.#hadamardFactor(2)];
    const w2 = this.#need('hada_w2_a');
    if (one.dims.join() !== two.dims.join())
      throw this.#bad(
        w2,
        sentence`makes [${two.dims.join(', ')}] where the other product is [${one.dims.join(', ')}]`,
      );
    return this.#scaled('loha', [one, two], one.dims, this.#dims(this.#need('hada_w1_b'))[0] as number);
  }

  #hadamardFactor(n: 1 | 2): LoraFactor {
    const [a, b] = [this.#need(`hada_w${n}_a`), this.#need(`hada_w${n}_b`)];
    const core = this.#key(`hada_t${n}`);
    return core ? this.#tucker(a, core, b, false) : this.#product(a, b);
  }

  /** kron(w1 [a,b], w2 [c,d,k,k]) is [ac, bd, k, k]; alpha counts only where a factor is itself a product. */
  #lokr(): LoraDelta {
    const [w1, w2] = [this.#kroneckerFactor(1), this.#kroneckerFactor(2)];
    const [a, b, ...rest] = withoutTrailingOnes(w1.dims);
    const [c, d, ...kernel] = w2.dims;
    if (!a || !b || !c || !d || rest.length > 0)
      throw this.#bad(this.#first(), sentence`makes a factor of shape [${w1.dims.join(', ')}], not a matrix`);
    const decomposed = this.#key('lokr_w2_b') ?? this.#key('lokr_w1_b');
    const rank = decomposed ? (this.#dims(decomposed)[0] as number) : null;
    return this.#scaled('lokr', [w1, w2], [a * c, b * d, ...kernel], rank);
  }

  #kroneckerFactor(n: 1 | 2): LoraFactor {
    const whole = this.#key(`lokr_w${n}`);
    if (whole) return this.#full(whole);
    const [a, b] = [this.#need(`lokr_w${n}_a`), this.#need(`lokr_w${n}_b`)];
    const core = n === 2 ? this.#key('lokr_t2') : null;
    return core ? this.#tucker(a, core, b, false) : this.#product(a, b);
  }

  #scaled(
    family: LoraFamily,
    factors: readonly LoraFactor[],
    dims: readonly number[],
    rank: number | null,
  ): LoraDelta {
    return { family, factors, dims, rank, dora: this.#dora(dims) };
  }

  /** `dora_scale` is [out,1] or [1,in]; PEFT's vector has one magnitude per output, whatever its shape. */
  #dora(dims: readonly number[]): LoraDelta['dora'] {
    const vector = this.#key('magnitude');
    const key = vector ?? this.#key('dora');
    if (!key) return null;
    const stored = this.#dims(key);
    const count = size(stored);
    const axis = vector || stored[0] === count ? 'row' : 'column';
    if (axis === 'row' ? count !== dims[0] : stored[1] !== count)
      throw this.#bad(
        key,
        sentence`is [${stored.join(', ')}], which is neither one magnitude per row nor per column`,
      );
    return { key, axis, count };
  }

  #full(key: string): LoraFactor {
    return { kind: 'full', key, dims: this.#dims(key) };
  }

  #product(a: string, b: string): LoraFactor {
    const left = withoutTrailingOnes(this.#dims(a));
    const [inner, ...rest] = this.#dims(b);
    if (left.length !== 2 || inner === undefined || rest.length === 0)
      throw this.#bad(a, sentence`is [${left.join(', ')}], not a matrix`);
    if (left[1] !== inner)
      throw this.#bad(
        a,
        sentence`has rank ${left[1] ?? 0} where "${b}" has rank ${inner}; they cannot be multiplied`,
      );
    return { kind: 'product', a, b, dims: [left[0] as number, ...rest] };
  }

  #tucker(a: string, core: string, b: string, outFirst: boolean): LoraFactor {
    const left = withoutTrailingOnes(this.#dims(a));
    const right = withoutTrailingOnes(this.#dims(b));
    const [i, j, ...kernel] = this.#dims(core);
    const [out, inner] = outFirst ? left : [left[1], left[0]];
    if (left.length !== 2 || right.length !== 2 || kernel.length === 0 || out === undefined)
      throw this.#bad(core, sentence`and its two matrices have too few or too many axes`);
    if (inner !== i || right[0] !== j)
      throw this.#bad(
        core,
        sentence`is [${this.#dims(core).join(', ')}], which does not fit between "${a}" and "${b}"`,
      );
    return { kind: 'tucker', a, core, b, outFirst, dims: [out, right[1] as number, ...kernel] };
  }

  #has(...parts: LoraPart[]): boolean {
    return parts.some((part) => this.#parts.has(part));
  }

  #key(part: LoraPart): string | null {
    const key = this.#parts.get(part) ?? null;
    if (key) this.#read.add(key);
    return key;
  }

  #need(part: LoraPart): string {
    const key = this.#key(part);
    if (!key) throw this.#bad(this.#first(), sentence`comes without its counterpart "${part}"`);
    return key;
  }

  #first(): string {
    return [...this.#parts.values()][0] as string;
  }

  #dims(key: string): readonly number[] {
    const dims = this.#shapes.get(key) ?? [];
    if (dims.includes(0)) throw this.#bad(key, sentence`is empty`);
    return dims;
  }

  #bad(key: string, reason: Sentence): AppError {
    return damaged(this.#fileName, key, reason);
  }
}
