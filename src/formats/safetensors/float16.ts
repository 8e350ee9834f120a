/**
 * IEEE 754 binary16 in bulk. Everything here works on bit patterns: a weight is an integer looked up or shifted, never
 * a JavaScript number per element, because a checkpoint has billions of them.
 */

/** Largest finite 16-bit value. */
export const FLOAT16_MAX = 65504;

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Below this magnitude (2^-14, as float32 bits) a 16-bit value is subnormal. */
const SMALLEST_NORMAL = 0x38800000;
/** The first magnitude that rounds to infinity: halfway between 65504 and 65536. */
const OVERFLOW = 0x477ff000;
const INFINITE = 0x7f800000;
const HALF = 0x3f000000;

/** IEEE 754 binary16 bits of a number (rounded to float32 first), round to nearest even. */
export function float16Bits(value: number): number {
  scratch[0] = value;
  return halfOfBits(scratchBits[0] as number);
}

function halfOfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= SMALLEST_NORMAL && magnitude < OVERFLOW)
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  if (magnitude < SMALLEST_NORMAL) {
    // 0.5 has the unit of a 16-bit subnormal (2^-24) as its last bit, so that the addition itself rounds.
    scratchBits[0] = magnitude;
    scratch[0] = (scratch[0] as number) + 0.5;
    return sign | ((scratchBits[0] as number) - HALF);
  }
  return sign | (magnitude > INFINITE ? 0x7e00 : 0x7c00);
}

type Float16Constructor = new (values: Float32Array) => ArrayBufferView<ArrayBuffer>;

/** Engines of ES2025 convert in machine code; the others take the integer path. */
const nativeFloat16 = (globalThis as { readonly Float16Array?: Float16Constructor }).Float16Array;

/** 16-bit patterns of float32 values, round to nearest even; values beyond {@link FLOAT16_MAX} become infinite. */
export function encodeFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  if (nativeFloat16) return new Uint16Array(new nativeFloat16(values).buffer);
  return encodeFloat16Portably(values);
}

/** The integer path of {@link encodeFloat16}, for engines without `Float16Array` and for the test that compares them. */
export function encodeFloat16Portably(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const result = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] as number;
    const magnitude = value & 0x7fffffff;
    result[i] =
      magnitude >= SMALLEST_NORMAL && magnitude < OVERFLOW
        ? ((value >>> 16) & 0x8000) | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13)
        : halfOfBits(value);
  }
  return result;
}

/** Whether any 16-bit pattern is an infinity or not a number. */
export function hasNonFiniteFloat16(bits: Uint16Array): boolean {
  for (let i = 0; i < bits.length; i++) if (((bits[i] as number) & 0x7c00) === 0x7c00) return true;
  return false;
}
