import { encodeFloat16 } from '#formats/safetensors/float16.ts';

/** The element types the files of `weight-files.ts` have. */
export type FullsizeDtype = 'F16' | 'F32' | 'I64';

export const DTYPE_BYTES: Readonly<Record<FullsizeDtype, number>> = { F16: 2, F32: 4, I64: 8 };

/** Values of a tensor are base ± amplitude, uniform. */
interface Spread {
  readonly base: number;
  readonly amplitude: number;
}

/** Distinct values per tensor: one 32-bit random number then picks two. */
const LEVELS = 65536;

/**
 * Produces the bytes of one tensor in order, chunk by chunk, from its name alone. Normalisation gains are 1, their
 * shifts near 0, matrices uniform with variance 1/fan-in: activations then stay of the order of 1 through any depth.
 */
export class RandomTensor {
  readonly #dtype: FullsizeDtype;
  readonly #levels: Uint16Array | Float32Array;
  #state: number;
  #position = 0n;

  constructor(name: string, dims: readonly number[], dtype: FullsizeDtype) {
    this.#dtype = dtype;
    this.#levels = levels(spread(name, dims), dtype);
    this.#state = seedOf(name);
  }

  /** Fills `bytes`, a whole number of elements, with the next values. */
  fill(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#dtype === 'I64')
      this.#count(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8));
    else if (this.#dtype === 'F16')
      this.#draw(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2));
    else this.#draw(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
  }

  /** The integer tensors of these files are position numbers. */
  #count(values: BigInt64Array): void {
    for (let i = 0; i < values.length; i++) values[i] = this.#position++;
  }

  #draw(values: Uint16Array | Float32Array): void {
    const table = this.#levels;
    let state = this.#state;
    for (let i = 0; i < values.length; i += 2) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      values[i] = table[state & 0xffff] as number;
      values[i + 1] = table[state >>> 16] as number;
    }
    this.#state = state;
  }
}

function spread(name: string, dims: readonly number[]): Spread {
  if (dims.length <= 1)
    return name.endsWith('.weight') ? { base: 1, amplitude: 0 } : { base: 0, amplitude: 0.02 };
  const fanIn = dims.slice(1).reduce((product, dim) => product * dim, 1);
  return { base: 0, amplitude: Math.sqrt(3 / fanIn) };
}

function levels({ base, amplitude }: Spread, dtype: FullsizeDtype): Uint16Array | Float32Array {
  const level = (_: unknown, i: number): number => base + amplitude * ((2 * i + 1) / LEVELS - 1);
  const values = Float32Array.from({ length: LEVELS }, level);
  return dtype === 'F16' ? encodeFloat16(values) : values;
}

/** A non-zero state for the generator (FNV-1a). */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash | 1;
}
