import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ByteSource } from '../byte-source.ts';
import { parseHeaderJson, shown, UNPRINTABLE } from './header-json.ts';

/** Element types of the safetensors format and their size in bits. */
export const DTYPE_BITS = {
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  U16: 16,
  I16: 16,
  F16: 16,
  BF16: 16,
  U32: 32,
  I32: 32,
  F32: 32,
  U64: 64,
  I64: 64,
  F64: 64,
} as const;
/** Element types by the names headers use. */
export type SafetensorsDtype = keyof typeof DTYPE_BITS;

/** Where a tensor lies in its file, and in what shape. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly dims: readonly number[];
  /** Byte range in the file (absolute, not relative to the data section). */
  readonly begin: number;
  readonly end: number;
}

/** All a header says: tensors by name, and free text by key. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Larger headers than any known model's; a bigger one is an attack or a broken file (spec/reliability-ux.md S1). */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_TENSORS = 100_000;
const MAX_RANK = 8;
/** The longest names of known models have about 150 characters. */
const MAX_NAME_LENGTH = 512;
const LENGTH_BYTES = 8;

/**
 * Reads and validates a .safetensors header without touching the tensors.
 * Source: huggingface/safetensors, format description; validation rules of spec/reliability-ux.md S1.
 * @throws AppError `bad-file` naming the file and the offending field.
 */
export async function readSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  if (source.size < LENGTH_BYTES + 2)
    throw bad(source, sentence`it is ${source.size} bytes long, too short for a header`);
  const length = headerLength(source, await readExactly(source, 0, LENGTH_BYTES));
  const bytes = await readExactly(source, LENGTH_BYTES, LENGTH_BYTES + length);
  const header = parseHeaderJson(decodeUtf8(source, bytes), (reason) => bad(source, reason));
  return validate(source, header, LENGTH_BYTES + length);
}

/** A file can become shorter between one read and the next. */
async function readExactly(source: ByteSource, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await source.read(begin, end);
  if (bytes.length !== end - begin)
    throw bad(source, sentence`the file ends inside its header; it may be truncated`);
  return bytes;
}

function bad(source: ByteSource, reason: Sentence): AppError {
  return new AppError('bad-file', sentence`"${source.name}" is not a usable .safetensors file: ${reason}.`);
}

function headerLength(source: ByteSource, bytes: Uint8Array<ArrayBuffer>): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(source.size - LENGTH_BYTES))
    throw bad(
      source,
      sentence`its header claims ${length} bytes but the file has only ${source.size}; it may be truncated or of another format`,
    );
  if (length > BigInt(MAX_HEADER_BYTES))
    throw bad(source, sentence`its header claims ${length} bytes, more than any model needs`);
  return Number(length);
}

function decodeUtf8(source: ByteSource, bytes: Uint8Array): string {
  try {
    // A byte-order mark is kept, and then refused: other readers do not skip it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('bad-file', bad(source, sentence`its header is not UTF-8 text`).sentence, { cause });
  }
}

function validate(
  source: ByteSource,
  raw: ReadonlyMap<string, unknown>,
  dataBegin: number,
): SafetensorsHeader {
  const tensors = new Map<string, TensorEntry>();
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of raw) {
    if (name === '__metadata__') metadata = stringMap(source, value);
    else tensors.set(name, tensorEntry(source, name, value, dataBegin));
  }
  if (tensors.size === 0) throw bad(source, sentence`it contains no tensors`);
  if (tensors.size > MAX_TENSORS)
    throw bad(source, sentence`it lists ${tensors.size} tensors (limit ${MAX_TENSORS})`);
  checkContiguous(source, [...tensors.values()], dataBegin);
  return { tensors, metadata };
}

function stringMap(source: ByteSource, value: unknown): ReadonlyMap<string, string> {
  if (!(value instanceof Map)) throw bad(source, sentence`"__metadata__" is not an object`);
  for (const [key, text] of value)
    if (typeof text !== 'string')
      throw bad(source, sentence`metadata field ${shown(String(key))} is not text`);
  return value as ReadonlyMap<string, string>;
}

function tensorEntry(source: ByteSource, name: string, value: unknown, dataBegin: number): TensorEntry {
  const fail = (reason: Sentence) => bad(source, sentence`tensor ${shown(name)} ${reason}`);
  if (name.length > MAX_NAME_LENGTH) throw fail(sentence`has a name of ${name.length} characters`);
  if (name.search(UNPRINTABLE) >= 0) throw fail(sentence`has a name with control characters`);
  if (!(value instanceof Map)) throw fail(sentence`is described by something that is not an object`);
  const dtype = elementType(value.get('dtype'), fail);
  const dims = wholeNumbers('shape', value.get('shape'), fail);
  const offsets = wholeNumbers('data_offsets', value.get('data_offsets'), fail);
  const [begin, end] = offsets;
  if (offsets.length !== 2 || begin === undefined || end === undefined || begin > end)
    throw fail(
      sentence`has ${offsets.length} data_offsets that begin with ${begin ?? '–'} and ${end ?? '–'}`,
    );
  if (dims.length > MAX_RANK) throw fail(sentence`has ${dims.length} axes (limit ${MAX_RANK})`);
  const expected = byteCount(dims, dtype);
  if (expected !== BigInt(end - begin))
    throw fail(sentence`needs ${expected} bytes but its data_offsets span ${end - begin}`);
  return { name, dtype, dims, begin: dataBegin + begin, end: dataBegin + end };
}

type FailTensor = (reason: Sentence) => AppError;

function elementType(value: unknown, fail: FailTensor): SafetensorsDtype {
  if (typeof value === 'string' && Object.hasOwn(DTYPE_BITS, value)) return value as SafetensorsDtype;
  throw fail(
    sentence`has the unknown type ${typeof value === 'string' ? shown(value) : String(typeof value)}`,
  );
}

function wholeNumbers(field: string, value: unknown, fail: FailTensor): number[] {
  if (!Array.isArray(value) || !value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0))
    throw fail(sentence`has no valid ${field}`);
  return value as number[];
}

/** Exact: a hostile shape may overflow 2^53. */
function byteCount(dims: readonly number[], dtype: SafetensorsDtype): bigint {
  return dims.reduce((total, dim) => total * BigInt(dim), BigInt(DTYPE_BITS[dtype] / 8));
}

function checkContiguous(source: ByteSource, entries: TensorEntry[], dataBegin: number): void {
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = dataBegin;
  for (const entry of entries) {
    if (entry.end > source.size)
      throw bad(
        source,
        sentence`tensor ${shown(entry.name)} lies beyond the end of the file; the file may be truncated`,
      );
    if (entry.begin < position)
      throw bad(source, sentence`tensor ${shown(entry.name)} overlaps the one before it`);
    if (entry.begin > position)
      throw bad(source, sentence`there is a hole before tensor ${shown(entry.name)}`);
    position = entry.end;
  }
  if (position !== source.size)
    throw bad(source, sentence`${source.size - position} bytes follow the last tensor`);
}
