import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { memorySource } from '#formats/byte-source.ts';
import { toFloat32 } from '#formats/safetensors/convert.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { readSafetensorsHeader } from '#formats/safetensors/header.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';

function file(header: string, dataBytes: number, claimed = new TextEncoder().encode(header).length) {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed), true);
  bytes.set(json, 8);
  return memorySource(bytes, 'bad.safetensors');
}

const tensor = (shape: number[], offsets: number[], dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

async function refusal(header: string, dataBytes: number, claimed?: number): Promise<string> {
  const error = await readSafetensorsHeader(file(header, dataBytes, claimed)).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe('bad-file');
  expect((error as AppError).message).toContain('"bad.safetensors"');
  return (error as AppError).message;
}

describe('safetensors headers', () => {
  it('reads what it wrote', async () => {
    const bytes = new Uint8Array(Float32Array.of(1, -2.5, 3).buffer);
    const written = writeSafetensors([{ name: 'w', dtype: 'F32', dims: [3], bytes }], { made: 'here' });
    const opened = await SafetensorsFile.open(memorySource(written, 'ok.safetensors'));
    expect([...(await opened.float('w')).data]).toEqual([1, -2.5, 3]);
    expect(opened.header.metadata.get('made')).toBe('here');
  });

  it.each([
    ['overlapping ranges', `{"a":${tensor([2], [0, 8])},"b":${tensor([2], [4, 12])}}`, 12, /overlaps/],
    ['a hole', `{"a":${tensor([1], [0, 4])},"b":${tensor([1], [8, 12])}}`, 12, /hole/],
    ['a range beyond the file', `{"a":${tensor([4], [0, 16])}}`, 8, /beyond the end/],
    ['bytes after the last tensor', `{"a":${tensor([1], [0, 4])}}`, 9, /follow the last tensor/],
    ['a shape that does not match its bytes', `{"a":${tensor([3], [0, 8])}}`, 8, /needs 12 bytes/],
    [
      'a shape that overflows',
      `{"a":${tensor([4194305, 4194305, 211106198978564], [0, 8])}}`,
      8,
      /data_offsets span 8/,
    ],
    ['negative offsets', `{"a":${tensor([1], [-4, 0])}}`, 4, /data_offsets/],
    ['fractional shapes', `{"a":${tensor([1.5], [0, 6])}}`, 6, /shape/],
    ['an unknown type', `{"a":${tensor([1], [0, 4], 'F128')}}`, 4, /unknown type/],
    ['the same name twice', `{"a":${tensor([1], [0, 4])},"a":${tensor([1], [0, 4])}}`, 4, /twice/],
    ['no tensors', '{"__metadata__":{"a":"b"}}', 0, /no tensors/],
    ['metadata that is not text', `{"__metadata__":{"a":1},"a":${tensor([1], [0, 4])}}`, 4, /metadata/],
    ['text that is not JSON', '{"a":}', 4, /not valid JSON/],
    ['an array', '[1]', 4, /not a JSON object/],
  ])('refuses %s', async (_, header, dataBytes, reason) => {
    expect(await refusal(header, dataBytes)).toMatch(reason);
  });

  it('refuses headers longer than the file or than any model needs', async () => {
    expect(await refusal('{}', 4, 2 ** 40)).toMatch(/header claims/);
    const huge = { name: 'huge.safetensors', size: 2 ** 31, read: () => Promise.resolve(claim(2 ** 30)) };
    await expect(readSafetensorsHeader(huge)).rejects.toThrow(/more than any model needs/);
  });

  it('keeps a tensor called __proto__ an ordinary tensor', async () => {
    const header = await readSafetensorsHeader(file(`{"__proto__":${tensor([1], [0, 4])}}`, 4));
    expect(header.tensors.get('__proto__')?.dims).toEqual([1]);
    expect(({} as Record<string, unknown>)['dtype']).toBeUndefined();
  });

  it('answers every mutation of a good file with a header or a sentence', async () => {
    const good = writeSafetensors([
      { name: 'a', dtype: 'F16', dims: [2, 2], bytes: new Uint8Array(8) },
      { name: 'b', dtype: 'F32', dims: [1], bytes: new Uint8Array(4) },
    ]);
    const mutation = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 6 }), async (mutations) => {
        const bytes = good.slice();
        for (const [at, value] of mutations) bytes[at] = value;
        const cut = bytes.slice(0, mutations[0]![2]);
        for (const candidate of [bytes, cut])
          await readSafetensorsHeader(memorySource(candidate, 'fuzz')).catch((error: unknown) => {
            expect(error).toBeInstanceOf(AppError);
          });
      }),
      { numRuns: 2000 },
    );
  });
});

function claim(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  return bytes;
}

describe('weight types', () => {
  it.each([
    ['F16', [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00], [1, -2, 2 ** -24]],
    ['BF16', [0x80, 0x3f, 0x20, 0xc1], [1, -10]],
    ['F8_E4M3', [0x38, 0x7e, 0x81], [1, 448, -(2 ** -9)]],
    ['F8_E5M2', [0x3c, 0x7b], [1, 57344]],
    ['I64', [5, 0, 0, 0, 0, 0, 0, 0], [5]],
  ] as const)('decodes %s', (dtype, bytes, values) => {
    expect([...toFloat32(Uint8Array.from(bytes), dtype)]).toEqual(values);
  });

  it('decodes bytes at an odd offset of a larger buffer', () => {
    const buffer = Uint8Array.from([9, 0x00, 0x3c, 0x00, 0x40]);
    expect([...toFloat32(buffer.subarray(1), 'F16')]).toEqual([1, 2]);
  });
});
