import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPictureTexts } from '#formats/image/picture-texts.ts';
import { chunkBytes } from '#formats/png/chunks.ts';
import { encodePng } from '#formats/png/encode.ts';
import { textChunk } from '#formats/png/text.ts';

type Bytes = Uint8Array<ArrayBuffer>;
const TEXT = 'a pier, größer 😀\nSteps: 9, Sampler: Heun, Seed: 5';
const join = (...parts: readonly Uint8Array[]): Bytes => Uint8Array.from(parts.flatMap((part) => [...part]));
const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);
const raster = { width: 2, height: 1, data: new Uint8ClampedArray(8).fill(255) };

function utf16(text: string, little: boolean): Bytes {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), little);
  return bytes;
}

interface Tiff {
  readonly little?: boolean;
  readonly comment?: Uint8Array;
  readonly model?: string;
}

/** Directory 0 with a text tag and the pointer, behind it the EXIF directory with the comment, then the values. */
function tiff({ little = false, comment = new Uint8Array(), model = '' }: Tiff): Bytes {
  const bytes = new Uint8Array(68);
  const view = new DataView(bytes.buffer);
  const entry = (at: number, tag: number, type: number, count: number, value: number) => {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, count, little);
    view.setUint32(at + 8, value, little);
  };
  bytes.set(bytesOf(little ? 'II' : 'MM'));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 2, little);
  entry(10, 0x0110, 2, model.length, 68 + comment.length);
  entry(22, 0x8769, 4, 1, 40);
  view.setUint16(40, 1, little);
  entry(42, 0x9286, 7, comment.length, 68);
  return join(bytes, comment, bytesOf(model));
}

const jpeg = (exif: Bytes): Bytes => {
  const body = join(bytesOf('Exif\0\0'), exif);
  const size = body.length + 2;
  const comment = Uint8Array.of(0xff, 0xfe, 0, 4, 1, 2);
  return join(Uint8Array.of(0xff, 0xd8), comment, Uint8Array.of(0xff, 0xe1, size >> 8, size & 255), body);
};
const webp = (exif: Bytes): Bytes => {
  const chunk = (tag: string, body: Bytes) => {
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, body.length, true);
    return join(bytesOf(tag), size, body, new Uint8Array(body.length % 2));
  };
  return join(bytesOf('RIFF\0\0\0\0WEBP'), chunk('VP8X', new Uint8Array(9)), chunk('EXIF', exif));
};
const unicode = (text: string, little: boolean) => join(bytesOf('UNICODE\0'), utf16(text, little));
const parameters = async (bytes: Bytes) => (await readPictureTexts(bytes)).get('parameters');

describe('texts in pictures', () => {
  it('of a PNG are its chunks, and its EXIF where it has no chunk of that name', async () => {
    const exif = { type: 'eXIf', data: tiff({ comment: unicode('exif', false) }) };
    const png = async (...chunks: Parameters<typeof encodePng>[1] & object) =>
      new Uint8Array(await (await encodePng(raster, chunks)).arrayBuffer());
    expect(await parameters(await png(textChunk('parameters', TEXT), exif))).toBe(TEXT);
    expect(await parameters(await png(exif))).toBe('exif');
    expect(chunkBytes(exif).length).toBeGreaterThan(12);
  });

  it.each([
    ['in the file’s order', true, true],
    ['big-endian in a little-endian file, as many tools write it', true, false],
    ['big-endian', false, false],
  ])('of JPEG and WebP are the user comment, %s', async (_, little, text) => {
    const exif = tiff({ little, comment: unicode(TEXT, text) });
    expect(await parameters(jpeg(exif))).toBe(TEXT);
    expect(await parameters(webp(exif))).toBe(TEXT);
    expect(await parameters(webp(join(bytesOf('Exif\0\0'), exif)))).toBe(TEXT);
  });

  it('may be plain, or of a code nobody names', async () => {
    expect(await parameters(jpeg(tiff({ comment: bytesOf('ASCII\0\0\0a cat\0') })))).toBe('a cat');
    expect(await parameters(jpeg(tiff({ comment: bytesOf(`\0\0\0\0\0\0\0\0${TEXT}`) })))).toBe(TEXT);
    expect(await parameters(jpeg(tiff({ comment: bytesOf('JIS\0\0\0\0\0abc') })))).toBeUndefined();
  });

  it('of ComfyUI lie in text tags', async () => {
    const texts = await readPictureTexts(webp(tiff({ model: 'prompt:{"1": 2}\0' })));
    expect([...texts]).toEqual([['prompt', '{"1": 2}']]);
  });

  it('are none in anything else, and nothing throws', async () => {
    const good = [
      jpeg(tiff({ comment: unicode(TEXT, true), model: 'workflow:{}' })),
      webp(tiff({ little: true, comment: unicode(TEXT, false), model: 'prompt:{}' })),
    ];
    expect((await readPictureTexts(bytesOf('GIF89a'))).size).toBe(0);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 }),
        fc.nat(400),
        async (file, changes, cut) => {
          const bytes = file.slice(0, Math.max(4, file.length - cut));
          for (const [at, value] of changes) bytes[at] = value;
          for (const text of (await readPictureTexts(bytes)).values()) expect(typeof text).toBe('string');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
