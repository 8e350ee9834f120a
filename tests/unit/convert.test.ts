import { describe, expect, it } from 'vitest';
import { toFloat16, toFloat32 } from '#formats/safetensors/convert.ts';
import { encodeFloat16, encodeFloat16Portably, float16Bits } from '#formats/safetensors/float16.ts';

/** The value of binary16 bits, from the definition. */
function halfValue(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

const ALL = Uint16Array.from({ length: 65536 }, (_, code) => code);
const bytesOf = (data: Uint16Array | Float32Array) => new Uint8Array(data.buffer as ArrayBuffer);
const finite = [...ALL].filter((bits) => (bits & 0x7c00) !== 0x7c00);

describe('16-bit floats', () => {
  it('decode to exactly the value each of the 65536 patterns means', () => {
    expect([...toFloat32(bytesOf(ALL), 'F16')]).toEqual([...ALL].map(halfValue));
  });

  it.each([
    ['portable', encodeFloat16Portably],
    ['chosen', encodeFloat16],
  ])('are encoded to the nearest value, ties to even: %s', (_, encode) => {
    const values = finite.map(halfValue);
    expect([...encode(Float32Array.from(values))]).toEqual(finite);
    const positive = finite.filter((bits) => bits < 0x7bff);
    const between = positive.map((bits) => (halfValue(bits) + halfValue(bits + 1)) / 2);
    expect([...encode(Float32Array.from(between))]).toEqual(positive.map((bits) => bits + (bits & 1)));
    const above = between.map((value) => value * (1 + 2 ** -20));
    expect([...encode(Float32Array.from(above))]).toEqual(positive.map((bits) => bits + 1));
    expect([...encode(Float32Array.of(65519, 65520, -1e9, Infinity))]).toEqual([
      0x7bff, 0x7c00, 0xfc00, 0x7c00,
    ]);
    expect(encode(Float32Array.of(NaN))[0]! & 0x7fff).toBeGreaterThan(0x7c00);
  });

  it('of one number are those of the bulk conversion', () => {
    const values = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i) * 10 ** ((i % 14) - 8));
    expect([...values].map(float16Bits)).toEqual([...encodeFloat16Portably(values)]);
  });
});

describe('conversion to 16 bits without a detour through numbers', () => {
  const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
  const expected = (values: Float32Array) => [...values].map((value) => halfValue(float16Bits(value)));

  it.each(['F8_E4M3', 'F8_E5M2'] as const)('gives every %s value, also scaled', (dtype) => {
    for (const scale of [1, 0.0123, 3]) {
      const values = toFloat32(codes, dtype).map((value) => value * scale);
      expect([...toFloat16(codes, dtype, scale)].map(halfValue)).toEqual(expected(values));
      expect([...toFloat32(codes, dtype, scale)]).toEqual([...values]);
    }
  });

  it('gives every BF16 value', () => {
    expect([...toFloat16(bytesOf(ALL), 'BF16')].map(halfValue)).toEqual(
      expected(toFloat32(bytesOf(ALL), 'BF16')),
    );
  });

  it('does not copy what is right already, except from an odd offset', () => {
    const bytes = bytesOf(ALL);
    expect(toFloat16(bytes, 'F16').buffer).toBe(bytes.buffer);
    const odd = new Uint8Array([7, ...bytes.subarray(0, 8)]).subarray(1);
    expect([...toFloat16(odd, 'F16')]).toEqual([0, 1, 2, 3]);
    const values = Float32Array.of(1, 2);
    expect(toFloat32(bytesOf(values), 'F32').buffer).toBe(values.buffer);
  });
});
