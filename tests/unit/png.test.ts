import { decode } from 'fast-png';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { sniffPicture } from '#formats/image/sniff.ts';
import { chunkBytes, PNG_SIGNATURE, readChunks } from '#formats/png/chunks.ts';
import { encodePng } from '#formats/png/encode.ts';
import { compressedTextChunk, readTexts, textChunk } from '#formats/png/text.ts';
import { deflate } from '#formats/png/zlib.ts';

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

const picture = (width: number, height: number, alpha: number) => ({
  width,
  height,
  data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? alpha : (i * i * 31 + i * 7) % 256,
  ),
});

describe('PNG', () => {
  it('keeps every pixel (checked with another decoder)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 90 }),
        async (width, height) => {
          const raster = picture(width, height, 255);
          const { data, channels } = decode(await bytesOf(await encodePng(raster)));
          expect(channels).toBe(3);
          const expected = raster.data.filter((_, i) => i % 4 !== 3);
          expect([...data]).toEqual([...expected]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('writes alpha only when there is some', async () => {
    const { data, channels } = decode(await bytesOf(await encodePng(picture(5, 4, 128))));
    expect(channels).toBe(4);
    expect([...data]).toEqual([...picture(5, 4, 128).data]);
  });

  it('round-trips text in any script, Latin-1 as tEXt and the rest as iTXt', async () => {
    const texts = { parameters: 'a café\nSteps: 4', luna: '{"prompt":"銀の指輪 💍"}', mixed: 'Ω' };
    const chunks = [
      textChunk('parameters', texts.parameters),
      await compressedTextChunk('luna', texts.luna),
      textChunk('mixed', texts.mixed),
    ];
    const bytes = await bytesOf(await encodePng(picture(4, 4, 255), chunks));
    const read = readChunks(bytes);
    expect(read.map(({ type }) => type)).toEqual(['IHDR', 'sRGB', 'tEXt', 'iTXt', 'iTXt', 'IDAT', 'IEND']);
    expect(Object.fromEntries(await readTexts(read))).toEqual(texts);
  });

  it('does not inflate a text bomb', async () => {
    const zeros = await deflate(Array.from({ length: 64 }, () => new Uint8Array(1 << 20)));
    const head = Uint8Array.from('bomb\0\0', (char) => char.charCodeAt(0));
    const data = new Uint8Array(head.length + zeros.length);
    data.set(head);
    data.set(zeros, head.length);
    expect(await readTexts([{ type: 'zTXt', data }])).toEqual(new Map());
  });

  it('stops reading chunks at the first damaged one', () => {
    const good = chunkBytes({ type: 'tEXt', data: Uint8Array.of(65, 0, 66) });
    const damaged = good.slice();
    damaged[9]! ^= 1;
    const bytes = Uint8Array.from([...PNG_SIGNATURE, ...good, ...damaged, ...good]);
    expect(readChunks(bytes)).toHaveLength(1);
  });
});

describe('picture headers', () => {
  const png = (width: number, height: number) => {
    const data = new Uint8Array(13);
    new DataView(data.buffer).setUint32(0, width);
    new DataView(data.buffer).setUint32(4, height);
    return Uint8Array.from([...PNG_SIGNATURE, ...chunkBytes({ type: 'IHDR', data })]);
  };

  it('reads PNG, JPEG and WebP sizes', () => {
    expect(sniffPicture(png(640, 480), 'a.png')).toEqual({ format: 'png', width: 640, height: 480 });
    const jpeg = Uint8Array.from([
      0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 17, 8, 1, 0x2c, 2, 0x58, 3, 0, 0,
    ]);
    expect(sniffPicture(jpeg, 'a.jpg')).toEqual({ format: 'jpeg', height: 300, width: 600 });
    const webp = new Uint8Array(30);
    webp.set(Uint8Array.from('RIFF....WEBPVP8X', (char) => char.charCodeAt(0)));
    webp.set([0x1f, 0x03, 0, 0x57, 0x02, 0], 24);
    expect(sniffPicture(webp, 'a.webp')).toEqual({ format: 'webp', width: 800, height: 600 });
  });

  it.each([
    ['a 20000 px picture', png(20000, 100), /20000 × 100 px/],
    ['a gigapixel picture in a small file', png(16384, 16384), /megapixels/],
    [
      'a text file',
      Uint8Array.from('hello world, not a picture', (c) => c.charCodeAt(0)),
      /not a PNG, JPEG or WebP/,
    ],
    ['an empty file', new Uint8Array(0), /not a PNG/],
    ['a PNG cut inside its header', png(64, 64).slice(0, 12), /damaged/],
    ['a JPEG without a frame', Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), /damaged/],
  ])('refuses %s in a sentence', (_, bytes, reason) => {
    expect(() => sniffPicture(bytes, 'x')).toThrow(AppError);
    expect(() => sniffPicture(bytes, 'x')).toThrow(reason);
  });
});
