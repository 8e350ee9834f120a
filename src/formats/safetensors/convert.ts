import type { SafetensorsDtype } from './header.ts';

/** Decodes little-endian tensor bytes to float32 values. */
export function toFloat32(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: SafetensorsDtype,
): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case 'F32':
      return new Float32Array(aligned(bytes, 4));
    case 'F16':
      return lookup(new Uint16Array(aligned(bytes, 2)), halfTable());
    case 'BF16':
      return bfloat(new Uint16Array(aligned(bytes, 2)));
    case 'F8_E4M3':
      return lookup(bytes, e4m3Table());
    case 'F8_E5M2':
      return lookup(bytes, e5m2Table());
    case 'F64':
      return Float32Array.from(new Float64Array(aligned(bytes, 8)));
    case 'I32':
      return Float32Array.from(new Int32Array(aligned(bytes, 4)));
    case 'I64':
      return Float32Array.from(new BigInt64Array(aligned(bytes, 8)), Number);
    case 'U8':
    case 'BOOL':
      return Float32Array.from(bytes);
    default:
      throw new RangeError(`weights of type ${dtype} cannot be used as real numbers`);
  }
}

function aligned(bytes: Uint8Array<ArrayBuffer>, alignment: number): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return whole && bytes.byteLength % alignment === 0 ? bytes.buffer : bytes.slice().buffer;
}

function lookup(codes: ArrayLike<number>, table: Float32Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = table[codes[i] as number] as number;
  return values;
}

function bfloat(codes: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(codes.length);
  for (let i = 0; i < codes.length; i++) bits[i] = (codes[i] as number) << 16;
  return new Float32Array(bits.buffer);
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

function table(size: number, decode: (code: number) => number): () => Float32Array {
  let values: Float32Array | undefined;
  return () => (values ??= Float32Array.from({ length: size }, (_, code) => decode(code)));
}

const halfTable = table(65536, (code) => {
  if ((code & 0x7c00) !== 0x7c00) return smallFloat(code, 5, 10);
  if (code & 0x3ff) return NaN;
  return code & 0x8000 ? -Infinity : Infinity;
});

/** OCP FP8 E4M3 (the "FN" form): no infinities, only S.1111.111 is NaN. */
const e4m3Table = table(256, (code) => ((code & 0x7f) === 0x7f ? NaN : smallFloat(code, 4, 3)));

const e5m2Table = table(256, (code) => {
  if ((code & 0x7c) !== 0x7c) return smallFloat(code, 5, 2);
  if (code & 0x03) return NaN;
  return code & 0x80 ? -Infinity : Infinity;
});
