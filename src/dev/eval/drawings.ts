import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resizeField } from '#domain/mask/bilinear.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import type { Field } from '#domain/raster.ts';

export interface DrawnInstance {
  readonly concept: string;
  readonly phrase: string;
  readonly rle: readonly number[];
}

export interface DrawnPicture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Concepts too small in this picture to count as present or absent. */
  readonly tooSmall: readonly string[];
  readonly instances: readonly DrawnInstance[];
}

export interface Drawings {
  readonly vocabulary: readonly string[];
  readonly pictures: readonly DrawnPicture[];
}

/** One value per cell of a mask grid, 0 or 1. */
export type Bits = Uint8Array;

/** The index of a folder of drawings with exact instance masks. */
export async function readDrawings(folder: string): Promise<Drawings> {
  return JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as Drawings;
}

/** A drawn instance on a grid of another size: covered by more than half. */
export function bitsOf(
  { rle }: DrawnInstance,
  { width, height }: DrawnPicture,
  grid: { readonly width: number; readonly height: number },
): Bits {
  const mask = decodeRle({ width, height, runs: rle });
  const coverage = boxMeans(
    { width, height, data: Float32Array.from(mask.data, (value) => value / 255) },
    grid,
  );
  return Uint8Array.from(coverage.data, (value) => (value > 0.5 ? 1 : 0));
}

/** Mask logits as bits. */
export function insideBits(logits: Float32Array): Bits {
  return Uint8Array.from(logits, (value) => (value > 0 ? 1 : 0));
}

/** Intersection over union of two masks on the same grid; 0 when both are empty. */
export function bitsIou(a: Bits, b: Bits): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += (a[i] as number) & (b[i] as number);
    either += (a[i] as number) | (b[i] as number);
  }
  return either === 0 ? 0 : both / either;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function boxMeans(
  field: Field<'image'>,
  { width, height }: { readonly width: number; readonly height: number },
): Field<'image'> {
  if (width > field.width || height > field.height) return resizeField(field, { width, height });
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [x0, x1] = [Math.floor((x * field.width) / width), Math.ceil(((x + 1) * field.width) / width)];
      const [y0, y1] = [
        Math.floor((y * field.height) / height),
        Math.ceil(((y + 1) * field.height) / height),
      ];
      let sum = 0;
      for (let v = y0; v < y1; v++)
        for (let u = x0; u < x1; u++) sum += field.data[v * field.width + u] as number;
      data[y * width + x] = sum / ((x1 - x0) * (y1 - y0));
    }
  return { width, height, data };
}
