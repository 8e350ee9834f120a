import type { PackingBits } from '#models/graph/dtype.ts';

/** A matrix in the form com.microsoft.MatMulNBits reads: blocks of values along each row share a scale. */
export interface Packing {
  readonly bits: PackingBits;
  /** Values per scale. */
  readonly block: number;
}

/** Largest code magnitude: codes are symmetric around 2^(bits-1), and the one code below −limit stays unused. */
function limitOf(bits: PackingBits): number {
  return 2 ** (bits - 1) - 1;
}

/** One scale per block, its largest magnitude over the largest code. `values` are whole blocks. */
export function blockScales(values: Float32Array, { bits, block }: Packing): Float32Array<ArrayBuffer> {
  const scales = new Float32Array(values.length / block);
  const limit = limitOf(bits);
  for (let i = 0; i < scales.length; i++) {
    let largest = 0;
    for (let at = i * block; at < (i + 1) * block; at++) {
      const magnitude = Math.abs(values[at] as number);
      if (magnitude > largest) largest = magnitude;
    }
    scales[i] = largest / limit;
  }
  return scales;
}

/**
 * Codes round(value / scale) + 2^(bits-1), 4-bit ones two to a byte with the low nibble first (spec/onnxruntime-web.md
 * §5). `scales` are the ones the graph will multiply by, so that their own rounding is made up for.
 */
export function blockCodes(
  values: Float32Array,
  scales: Float32Array,
  { bits, block }: Packing,
): Uint8Array<ArrayBuffer> {
  const limit = limitOf(bits);
  const codes = new Uint8Array(values.length);
  for (let i = 0; i < scales.length; i++) {
    const scale = scales[i] as number;
    const inverse = scale > 0 ? 1 / scale : 0;
    for (let at = i * block; at < (i + 1) * block; at++) {
      const steps = (values[at] as number) * inverse;
      const within = steps > limit ? limit : steps < -limit ? -limit : steps;
      // Codes are positive, so that cutting off the fraction of a half more rounds to nearest.
      codes[at] = (within + limit + 1.5) | 0;
    }
  }
  return bits === 8 ? codes : nibbles(codes);
}

/** Two 4-bit codes to a byte, the first in the low half. */
function nibbles(codes: Uint8Array): Uint8Array<ArrayBuffer> {
  const pairs = new Uint8Array(codes.length / 2);
  for (let i = 0; i < pairs.length; i++)
    pairs[i] = (codes[2 * i] as number) | ((codes[2 * i + 1] as number) << 4);
  return pairs;
}

/** The values that a packed matrix stands for. */
export function unpacked(
  codes: Uint8Array,
  scales: Float32Array,
  { bits, block }: Packing,
): Float32Array<ArrayBuffer> {
  const zero = limitOf(bits) + 1;
  const values = new Float32Array((codes.length * 8) / bits);
  for (let at = 0; at < values.length; at++) {
    const code = bits === 8 ? (codes[at] as number) : ((codes[at >> 1] as number) >> ((at & 1) * 4)) & 15;
    values[at] = (code - zero) * (scales[Math.floor(at / block)] as number);
  }
  return values;
}
