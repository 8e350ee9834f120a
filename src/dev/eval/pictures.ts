import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import type { Raster8 } from '#domain/raster.ts';
import { resizeRaster } from '#domain/resample/resize.ts';

/** Reads an 8-bit PNG from disk. */
export async function readPicture(path: string): Promise<Raster8<'image'>> {
  const { width, height, data, channels } = decode(await readFile(path));
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) rgba[i * 4 + c] = data[i * channels + (channels < 3 ? 0 : c)] as number;
  return { width, height, data: rgba };
}

/** What the studio's canvas looks like: the picture a quarter its size, then Lanczos back up. */
export function lanczosCanvas(sharp: Raster8<'image'>): Raster8<'canvas'> {
  const small = resizeRaster<'image'>(sharp, { width: sharp.width / 4, height: sharp.height / 4 });
  return resizeRaster<'canvas'>(small, { width: sharp.width, height: sharp.height });
}

/** Peak signal-to-noise ratio of the colours in dB. */
export function psnr(a: Raster8, b: Raster8): number {
  let squares = 0;
  for (let i = 0; i < a.data.length; i++)
    if (i % 4 !== 3) squares += ((a.data[i] as number) - (b.data[i] as number)) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / (a.width * a.height * 3)));
}

/** Mean colour, 0 to 1 per channel. */
export function meanColour({ data }: Raster8): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4)
    for (let c = 0; c < 3; c++) sums[c as 0 | 1 | 2] += (data[i + c] as number) / 255;
  const pixels = data.length / 4;
  return [sums[0] / pixels, sums[1] / pixels, sums[2] / pixels];
}

/** Central-difference gradient magnitude of the luma, without the border. */
export function gradients({ width, height, data }: Raster8): Float64Array {
  const luma = (x: number, y: number) => {
    const i = (y * width + x) * 4;
    return 0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number);
  };
  const result = new Float64Array((width - 2) * (height - 2));
  for (let y = 1, i = 0; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++, i++)
      result[i] = Math.hypot(luma(x + 1, y) - luma(x - 1, y), luma(x, y + 1) - luma(x, y - 1)) / 2;
  return result;
}

/** Mean gradient on the true edge pixels (the strongest 5 % of the sharp picture): refined over plain. */
export function edgeRatio(refined: Raster8, plain: Raster8, sharp: Raster8): number {
  const truth = gradients(sharp);
  const threshold = [...truth].sort((a, b) => a - b)[Math.floor(truth.length * 0.95)] as number;
  const onEdges = (gradient: Float64Array) =>
    gradient.reduce((sum, value, i) => sum + ((truth[i] as number) >= threshold ? value : 0), 0);
  return onEdges(gradients(refined)) / onEdges(gradients(plain));
}

/** Discs of one colour in many shades, as an image anchor of a plain palette. */
export function palettePicture(colour: readonly [number, number, number], side = 256): Raster8<'image'> {
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  const paint = (cx: number, cy: number, radius: number, shade: number) => {
    for (let y = Math.max(0, cy - radius); y < Math.min(side, cy + radius); y++)
      for (let x = Math.max(0, cx - radius); x < Math.min(side, cx + radius); x++)
        if (Math.hypot(x - cx, y - cy) < radius)
          colour.forEach((value, c) => (data[(y * side + x) * 4 + c] = value * shade));
  };
  paint(side / 2, side / 2, side, 1);
  for (let i = 0; i < 60; i++)
    paint((i * 97) % side, (i * 57 + i * i) % side, 40 - (i % 30), 0.6 + ((i * 37) % 50) / 70);
  return { width: side, height: side, data };
}
