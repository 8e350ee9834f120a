import { AppError } from '#domain/job/app-error.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { ByteSource } from '../byte-source.ts';
import { toFloat32 } from './convert.ts';
import { readSafetensorsHeader, type SafetensorsHeader, type TensorEntry } from './header.ts';

/** An opened .safetensors file: validated header, tensors read on demand. */
export class SafetensorsFile {
  readonly source: ByteSource;
  readonly header: SafetensorsHeader;

  private constructor(source: ByteSource, header: SafetensorsHeader) {
    this.source = source;
    this.header = header;
  }

  static async open(source: ByteSource): Promise<SafetensorsFile> {
    return new SafetensorsFile(source, await readSafetensorsHeader(source));
  }

  get names(): string[] {
    return [...this.header.tensors.keys()];
  }

  has(name: string): boolean {
    return this.header.tensors.has(name);
  }

  entry(name: string): TensorEntry {
    const entry = this.header.tensors.get(name);
    if (!entry) throw new AppError('model-corrupt', `"${this.source.name}" has no tensor "${name}".`);
    return entry;
  }

  /** Raw little-endian bytes of one tensor. */
  async bytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const { begin, end } = this.entry(name);
    const bytes = await this.source.read(begin, end);
    if (bytes.length !== end - begin)
      throw new AppError('bad-file', `"${this.source.name}" ended while "${name}" was being read.`);
    return bytes;
  }

  /** One tensor as float32, whatever real type it has in the file. */
  async float(name: string): Promise<FloatTensor> {
    const { dims, dtype } = this.entry(name);
    return floatTensor(dims, toFloat32(await this.bytes(name), dtype));
  }
}
