import type { Size } from '../geometry/rect.ts';
import { floatTensor, type FloatTensor } from '../tensor.ts';
import { boxMuller } from './box-muller.ts';
import { philox4x32 } from './philox.ts';

/** source : target = p : q in lowest terms. */
export interface Ratio {
  readonly p: number;
  readonly q: number;
}

const MAX_TERM = 0xffff;

/**
 * Lowest terms of source : target along one axis.
 * @throws RangeError when a term needs more than 16 bits, which sizes snapped to the latent grid never do.
 */
export function resampleRatio(source: number, target: number): Ratio {
  const divisor = greatestCommonDivisor(source, target);
  const [p, q] = [source / divisor, target / divisor];
  if (!(p > 0 && q > 0 && p <= MAX_TERM && q <= MAX_TERM))
    throw new RangeError(`noise cannot be resampled from ${source} to ${target} cells`);
  return { p, q };
}

/** Absolute cell of the scaffold that a field starts at. */
export interface CellOrigin {
  readonly x: number;
  readonly y: number;
}

/**
 * Resamples white noise to any size so that it stays white, exactly N(0,1), and keeps its low frequencies
 * (spec/features.md 6.3), one axis after the other, x first. With source : target = p : q, each source cell z is
 * split into q sub-cells conditional on their sum,
 *   s_j = z/q + (e_j − mean(e))/√q,   Var s_j = 1/q, independent, Σ s_j = z,
 * and each target cell is the sum of p consecutive sub-cells times √(q/p). At q = 1 there is nothing random and the
 * result is area × ratio, the specified formula.
 *
 * e_j is lane j & 3 of the four normals (boxMuller, as in the scaffold) of Philox(counter = (x, y, channel + 65536·axis,
 * j >> 2), key = (seed, 65536·p + q)). For axis 0 (x), (x, y) is the source cell; for axis 1 (y), x is already the
 * target column and y the source row. Both are absolute: origin plus offset, a target column being
 * ⌊origin.x·q/p⌋ + offset. Fields whose origins are multiples of p agree wherever they overlap.
 *
 * @param source [C,h,w]
 * @returns [C, target.height, target.width]
 */
export function resampleNoise(
  source: FloatTensor,
  target: Size<'latent'>,
  seed: number,
  origin: CellOrigin = { x: 0, y: 0 },
): FloatTensor {
  const [channels = 0, height = 0, width = 0] = source.dims;
  const across = resampleRatio(width, target.width);
  const down = resampleRatio(height, target.height);
  const targetX = Math.floor((origin.x * across.q) / across.p);
  const wide = floatTensor([channels, height, target.width]);
  const result = floatTensor([channels, target.height, target.width]);
  for (let c = 0; c < channels; c++) {
    const splitX = cellSplitter(seed, across, 0, c);
    for (let y = 0; y < height; y++)
      resampleLine(across, width, {
        read: (i) => source.data[(c * height + y) * width + i] as number,
        split: (out, z, i) => {
          splitX(out, z, origin.x + i, origin.y + y);
        },
        write: (i, value) => (wide.data[(c * height + y) * target.width + i] = value),
      });
    const splitY = cellSplitter(seed, down, 1, c);
    for (let x = 0; x < target.width; x++)
      resampleLine(down, height, {
        read: (i) => wide.data[(c * height + i) * target.width + x] as number,
        split: (out, z, i) => {
          splitY(out, z, targetX + x, origin.y + i);
        },
        write: (i, value) => (result.data[(c * target.height + i) * target.width + x] = value),
      });
  }
  return result;
}

interface LineAccess {
  read(index: number): number;
  split(out: Float64Array, z: number, index: number): void;
  write(index: number, value: number): void;
}

function resampleLine({ p, q }: Ratio, length: number, line: LineAccess): void {
  const cells = new Float64Array(q);
  const scale = Math.sqrt(q / p);
  let sum = 0;
  let summed = 0;
  let target = 0;
  for (let i = 0; i < length; i++) {
    line.split(cells, line.read(i), i);
    for (const cell of cells) {
      sum += cell;
      summed++;
      if (summed < p) continue;
      line.write(target++, sum * scale);
      sum = 0;
      summed = 0;
    }
  }
}

/** Splits the source cell z at (x, y) into q sub-cells that sum to it. */
type CellSplitter = (out: Float64Array, z: number, x: number, y: number) => void;

function cellSplitter(seed: number, { p, q }: Ratio, axis: 0 | 1, channel: number): CellSplitter {
  if (q === 1) return (out, z) => (out[0] = z);
  const words = new Uint32Array(4);
  const fresh = new Float32Array(4 * Math.ceil(q / 4));
  const root = Math.sqrt(q);
  return (out, z, x, y) => {
    for (let block = 0; block * 4 < q; block++) {
      philox4x32(words, [x, y, channel + 65536 * axis, block], [seed >>> 0, 65536 * p + q]);
      boxMuller(fresh, block * 4, words[0] as number, words[1] as number);
      boxMuller(fresh, block * 4 + 2, words[2] as number, words[3] as number);
    }
    let mean = 0;
    for (let j = 0; j < q; j++) mean += (fresh[j] as number) / q;
    for (let j = 0; j < q; j++) out[j] = z / q + ((fresh[j] as number) - mean) / root;
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
