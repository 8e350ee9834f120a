import { encodeFloat16, float16Bits } from './float16.ts';
import type { SafetensorsDtype } from './header.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Little-endian tensor bytes as float32 values. F32 bytes are not copied.
 * @param scale what every value is multiplied by (the `scale_weight` of a scaled FP8 matrix).
 * @param room memory that decoded values may be written to, if they fit: fresh memory costs as much as decoding.
 */
export function toFloat32(
  bytes: Bytes,
  dtype: SafetensorsDtype,
  scale = 1,
  room?: ArrayBuffer,
): Float32Array<ArrayBuffer> {
  const table = tableOf(dtype);
  if (table) return floatsOf(lookup32(codesOf(bytes, dtype), floatTable(table, scale), room));
  const values = dtype === 'BF16' ? bfloat(view16(bytes), room) : plainValues(bytes, dtype);
  return scale === 1 ? values : values.map((value) => value * scale);
}

/**
 * Little-endian tensor bytes as binary16 patterns; values that do not fit become infinite. F16 bytes are not copied.
 * @param scale as for {@link toFloat32}.
 * @param room as for {@link toFloat32}.
 */
export function toFloat16(
  bytes: Bytes,
  dtype: SafetensorsDtype,
  scale = 1,
  room?: ArrayBuffer,
): Uint16Array<ArrayBuffer> {
  if (dtype === 'F16' && scale === 1) return view16(bytes);
  const table = tableOf(dtype) ?? (dtype === 'BF16' ? bfloatTable : null);
  if (table) return lookup16(codesOf(bytes, dtype), halfTable(table, scale), room);
  return encodeFloat16(toFloat32(bytes, dtype, scale));
}

/** Types whose values are fewer than their elements: decoded by table. */
function tableOf(dtype: SafetensorsDtype): (() => Float32Array<ArrayBuffer>) | null {
  if (dtype === 'F16') return float16Table;
  if (dtype === 'F8_E4M3') return e4m3Table;
  return dtype === 'F8_E5M2' ? e5m2Table : null;
}

function codesOf(bytes: Bytes, dtype: SafetensorsDtype): Uint8Array | Uint16Array {
  return dtype === 'F16' || dtype === 'BF16' ? view16(bytes) : bytes;
}

function plainValues(bytes: Bytes, dtype: SafetensorsDtype): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case 'F32':
      return new Float32Array(...aligned(bytes, 4));
    case 'F64':
      return Float32Array.from(new Float64Array(...aligned(bytes, 8)));
    case 'I32':
      return Float32Array.from(new Int32Array(...aligned(bytes, 4)));
    case 'I64':
      return Float32Array.from(new BigInt64Array(...aligned(bytes, 8)), Number);
    case 'U8':
    case 'BOOL':
      return Float32Array.from(bytes);
    default:
      throw new RangeError(`weights of type ${dtype} cannot be used as real numbers`);
  }
}

function view16(bytes: Bytes): Uint16Array<ArrayBuffer> {
  return new Uint16Array(...aligned(bytes, 2));
}

/** Arguments of a typed array over the same bytes, copied only where they begin at an odd place. */
function aligned(bytes: Bytes, alignment: number): [ArrayBuffer, number, number] {
  const { buffer, byteOffset } = byteOffsetFits(bytes, alignment) ? bytes : bytes.slice();
  return [buffer, byteOffset, Math.floor(bytes.length / alignment)];
}

function byteOffsetFits({ byteOffset }: Bytes, alignment: number): boolean {
  return byteOffset % alignment === 0;
}

function words(length: number, room?: ArrayBuffer): Uint32Array<ArrayBuffer> {
  return room && room.byteLength >= length * 4 ? new Uint32Array(room, 0, length) : new Uint32Array(length);
}

function floatsOf({ buffer, byteOffset, length }: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(buffer, byteOffset, length);
}

function lookup32(
  codes: Uint8Array | Uint16Array,
  table: Uint32Array,
  room?: ArrayBuffer,
): Uint32Array<ArrayBuffer> {
  const result = words(codes.length, room);
  for (let i = 0; i < codes.length; i++) result[i] = table[codes[i] as number] as number;
  return result;
}

function lookup16(
  codes: Uint8Array | Uint16Array,
  table: Uint16Array,
  room?: ArrayBuffer,
): Uint16Array<ArrayBuffer> {
  const fits = room && room.byteLength >= codes.length * 2;
  const result = fits ? new Uint16Array(room, 0, codes.length) : new Uint16Array(codes.length);
  for (let i = 0; i < codes.length; i++) result[i] = table[codes[i] as number] as number;
  return result;
}

function bfloat(codes: Uint16Array, room?: ArrayBuffer): Float32Array<ArrayBuffer> {
  const bits = words(codes.length, room);
  for (let i = 0; i < codes.length; i++) bits[i] = (codes[i] as number) << 16;
  return floatsOf(bits);
}

type Table = () => Float32Array<ArrayBuffer>;

/** float32 patterns of a type's codes. */
function floatTable(table: Table, scale: number): Uint32Array {
  const values = table();
  return new Uint32Array((scale === 1 ? values : values.map((value) => value * scale)).buffer);
}

const halves = new Map<Table, Uint16Array>();

/** binary16 patterns of a type's codes; only unscaled ones are kept. */
function halfTable(table: Table, scale: number): Uint16Array {
  const known = scale === 1 ? halves.get(table) : undefined;
  if (known) return known;
  const made = Uint16Array.from(table(), (value) => float16Bits(value * scale));
  if (scale === 1) halves.set(table, made);
  return made;
}

/** Value of a small float: sign, `exponentBits` with `bias`, mantissa; `finite` formats have no infinities. */
function smallFloat(code: number, exponentBits: number, mantissaBits: number): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const mantissa = code & ((1 << mantissaBits) - 1);
  const exponent = (code >> mantissaBits) & ((1 << exponentBits) - 1);
  const sign = code >> (mantissaBits + exponentBits) ? -1 : 1;
  const fraction = mantissa / 2 ** mantissaBits;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

function table(size: number, decode: (code: number) => number): Table {
  let values: Float32Array<ArrayBuffer> | undefined;
  return () => (values ??= Float32Array.from({ length: size }, (_, code) => decode(code)));
}

const float16Table = table(65536, (code) => {
  if ((code & 0x7c00) !== 0x7c00) return smallFloat(code, 5, 10);
  if (code & 0x3ff) return NaN;
  return code & 0x8000 ? -Infinity : Infinity;
});

const bfloatTable: Table = () => bfloat(Uint16Array.from({ length: 65536 }, (_, code) => code));

/** OCP FP8 E4M3 (the "FN" form): no infinities, only S.1111.111 is NaN. */
const e4m3Table = table(256, (code) => ((code & 0x7f) === 0x7f ? NaN : smallFloat(code, 4, 3)));

const e5m2Table = table(256, (code) => {
  if ((code & 0x7c) !== 0x7c) return smallFloat(code, 5, 2);
  if (code & 0x03) return NaN;
  return code & 0x80 ? -Infinity : Infinity;
});
