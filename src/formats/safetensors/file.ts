import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { ByteSource } from '../byte-source.ts';
import { toFloat32 } from './convert.ts';
import {
  DTYPE_BITS,
  readSafetensorsHeader,
  type SafetensorsDtype,
  type SafetensorsHeader,
  type TensorEntry,
} from './header.ts';
import { separateScales } from './scaled-fp8.ts';

/** Elements [begin, end) of a tensor in row-major order. */
export interface ElementRange {
  readonly begin: number;
  readonly end: number;
}

/** Bytes as they lie in a file: little-endian elements of `dtype`, whose values are to be multiplied by `scale`. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Absent: 1. Only scaled FP8 files have others. */
  readonly scale?: number;
}

/**
 * An opened .safetensors file: validated header, tensors read on demand. The scales of a scaled FP8 file are applied
 * when a tensor is read and are not among its tensors.
 */
export class SafetensorsFile {
  readonly source: ByteSource;
  readonly header: SafetensorsHeader;
  readonly #scales: ReadonlyMap<string, TensorEntry>;

  private constructor(source: ByteSource, header: SafetensorsHeader) {
    const { tensors, scales } = separateScales(header.tensors);
    this.source = source;
    this.header = { ...header, tensors };
    this.#scales = scales;
  }

  static async open(source: ByteSource): Promise<SafetensorsFile> {
    return new SafetensorsFile(source, await readSafetensorsHeader(source));
  }

  get names(): string[] {
    return [...this.header.tensors.keys()];
  }

  /** Shapes of all tensors by the names they have in the file. */
  get shapes(): ReadonlyMap<string, readonly number[]> {
    return new Map([...this.header.tensors].map(([name, { dims }]) => [name, dims]));
  }

  has(name: string): boolean {
    return this.header.tensors.has(name);
  }

  entry(name: string): TensorEntry {
    const entry = this.header.tensors.get(name);
    if (!entry) throw new AppError('model-corrupt', sentence`"${this.source.name}" has no tensor "${name}".`);
    return entry;
  }

  /** Raw little-endian bytes of one tensor, or of a part of it: nothing else is read. */
  bytes(name: string, range?: ElementRange): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.entry(name);
    const elementBytes = DTYPE_BITS[entry.dtype] / 8;
    const begin = entry.begin + (range?.begin ?? 0) * elementBytes;
    const end = range ? entry.begin + range.end * elementBytes : entry.end;
    if (begin < entry.begin || begin > end || end > entry.end)
      throw new RangeError(`"${name}" has no elements [${range?.begin}, ${range?.end})`);
    return this.#read(name, begin, end);
  }

  /** A tensor (or a part of it) as it lies in the file, with its scale. */
  async stored(name: string, range?: ElementRange): Promise<StoredTensor> {
    const { dtype } = this.entry(name);
    const scale = this.#scales.get(name);
    const bytes = await this.bytes(name, range);
    return scale ? { dtype, bytes, scale: await this.#scalar(scale) } : { dtype, bytes };
  }

  /** Values of a tensor, or of a part of it, whatever real type they have in the file. */
  async floats(name: string, range?: ElementRange): Promise<Float32Array<ArrayBuffer>> {
    const { dtype, bytes, scale } = await this.stored(name, range);
    return toFloat32(bytes, dtype, scale);
  }

  /** One tensor as float32. */
  async float(name: string): Promise<FloatTensor> {
    return floatTensor(this.entry(name).dims, await this.floats(name));
  }

  /** Rows [begin, end) of a tensor's first axis as float32; nothing else is read. */
  async rows(name: string, begin: number, end: number): Promise<FloatTensor> {
    const rest = this.entry(name).dims.slice(1);
    const length = rest.reduce((total, dim) => total * dim, 1);
    const values = await this.floats(name, { begin: begin * length, end: end * length });
    return floatTensor([end - begin, ...rest], values);
  }

  async #scalar({ name, begin, end, dtype }: TensorEntry): Promise<number> {
    return toFloat32(await this.#read(name, begin, end), dtype)[0] as number;
  }

  async #read(name: string, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    // Asking for nothing tells whether a tensor lies in a file; that need not cost a read.
    if (begin === end) return new Uint8Array();
    const bytes = await this.source.read(begin, end);
    if (bytes.length !== end - begin)
      throw new AppError('bad-file', sentence`"${this.source.name}" ended while "${name}" was being read.`);
    return bytes;
  }
}
