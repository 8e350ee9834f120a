import { rect, type Rect } from '../geometry/rect.ts';
import type { ScaffoldSpec } from '../job/request.ts';
import { floatTensor, type FloatTensor } from '../tensor.ts';
import { boxMuller } from './box-muller.ts';
import { philox4x32 } from './philox.ts';

/** Second key word: what a random number is for. The resampler uses 65536·p + q there, which is never this small. */
export const STREAM = { scaffold: 1, stepSeed: 2 } as const;

/**
 * The document's noise: one standard normal number per latent cell and channel, a pure function of
 * (seed, channel, y, x), so any area equals the same area of any larger field, in any order, on any device.
 *
 * Octave l (0 = the base grid) is white noise g_l on a grid of 2^l × 2^l cells. Its value at grid cell (j, i) is lane
 * `i & 3` of the four normals of Philox(counter = (i >> 2, j, channel, l), key = (seed, 1)): words 0, 1 give lanes
 * 0, 1 and words 2, 3 give lanes 2, 3 (see boxMuller). Octaves above the base are read bilinearly: with
 * u = (x + ½)/2^l + ½, i = ⌊u⌋, a = u − i (the same for y, j, b)
 *   o_l = [(1−b)((1−a) g(j,i) + a g(j,i+1)) + b((1−a) g(j+1,i) + a g(j+1,i+1))] / √(((1−a)²+a²)((1−b)²+b²)),
 * whose variance is exactly 1 at every cell. The + ½ (rather than − ½) shifts the coarse grid by one cell so that no
 * index is negative. Result: Σ_l weight_l·o_l with {@link octaveWeights}, again of unit variance.
 *
 * @returns [channels, area.height, area.width]
 */
export function scaffoldNoise(spec: ScaffoldSpec, area: Rect<'latent'>, channels: number): FloatTensor {
  const [base = 1, ...octaves] = octaveWeights(spec);
  const result = whiteNoise(spec.seed, 0, area, channels);
  if (octaves.length === 0) return result;
  result.data.forEach((value, i) => (result.data[i] = Math.fround(value * base)));
  octaves.forEach((weight, i) => {
    addOctave(result, spec.seed, i + 1, area, weight);
  });
  return result;
}

/** discount^l / √Σ discount^2l for l = 0 … levels: independent octaves weighted so that variances add to 1. */
export function octaveWeights({ levels, discount }: ScaffoldSpec): Float32Array {
  const weights = Array.from({ length: levels + 1 }, (_, level) => discount ** level);
  const norm = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
  return Float32Array.from(weights, (weight) => weight / norm);
}

/**
 * The scaffold of a sampler's `draw`-th fresh noise: white, and of a seed derived from the document's, so that
 * overlapping crops see the same step noise as well.
 */
export function stepScaffold(spec: ScaffoldSpec, draw: number): ScaffoldSpec {
  const words = new Uint32Array(4);
  philox4x32(words, [draw, 0, 0, 0], [spec.seed >>> 0, STREAM.stepSeed]);
  return { seed: words[0] as number, levels: 0, discount: 0 };
}

/** One octave's own grid over an area given in its cells. */
function whiteNoise(seed: number, level: number, area: Rect<'latent'>, channels: number): FloatTensor {
  const field = floatTensor([channels, area.height, area.width]);
  for (let channel = 0; channel < channels; channel++)
    for (let row = 0; row < area.height; row++) {
      const start = (channel * area.height + row) * area.width;
      const line = field.data.subarray(start, start + area.width);
      fillRow(line, area.x, [area.y + row, channel, level], seed);
    }
  return field;
}

/** Cells x, x+1, … of one grid row, four per Philox block. */
function fillRow(
  line: Float32Array,
  x: number,
  [y, channel, level]: readonly [number, number, number],
  seed: number,
): void {
  const words = new Uint32Array(4);
  const lanes = new Float32Array(4);
  for (let block = x >> 2; block * 4 < x + line.length; block++) {
    philox4x32(words, [block, y, channel, level], [seed >>> 0, STREAM.scaffold]);
    boxMuller(lanes, 0, words[0] as number, words[1] as number);
    boxMuller(lanes, 2, words[2] as number, words[3] as number);
    const first = block * 4 - x;
    for (let lane = 0; lane < 4; lane++)
      if (first + lane >= 0 && first + lane < line.length) line[first + lane] = lanes[lane] as number;
  }
}

/** A position between two coarse cells: lower index and weights of both, scaled to unit variance along this axis. */
interface Tap {
  readonly index: number;
  readonly low: number;
  readonly high: number;
}

function taps(origin: number, count: number, level: number): Tap[] {
  return Array.from({ length: count }, (_, i) => {
    const u = (origin + i + 0.5) / 2 ** level + 0.5;
    const index = Math.floor(u);
    const a = u - index;
    const norm = Math.sqrt((1 - a) * (1 - a) + a * a);
    return { index, low: (1 - a) / norm, high: a / norm };
  });
}

function addOctave(
  result: FloatTensor,
  seed: number,
  level: number,
  area: Rect<'latent'>,
  weight: number,
): void {
  const channels = result.dims[0] as number;
  const columns = taps(area.x, area.width, level);
  const rows = taps(area.y, area.height, level);
  const grid = coveredGrid(columns, rows);
  const coarse = whiteNoise(seed, level, grid, channels).data;
  const at = (channel: number, j: number, i: number): number =>
    coarse[(channel * grid.height + j - grid.y) * grid.width + i - grid.x] as number;
  let out = 0;
  for (let channel = 0; channel < channels; channel++)
    for (const { index: j, low: lowY, high: highY } of rows)
      for (const { index: i, low, high } of columns) {
        const top = low * at(channel, j, i) + high * at(channel, j, i + 1);
        const bottom = low * at(channel, j + 1, i) + high * at(channel, j + 1, i + 1);
        result.data[out] = (result.data[out] as number) + weight * (lowY * top + highY * bottom);
        out++;
      }
}

/** Coarse cells that the taps of an area touch. */
function coveredGrid(columns: readonly Tap[], rows: readonly Tap[]): Rect<'latent'> {
  const extent = (line: readonly Tap[]) => {
    const first = line[0]?.index ?? 0;
    return { first, count: (line[line.length - 1]?.index ?? first) - first + 2 };
  };
  const [x, y] = [extent(columns), extent(rows)];
  return rect(x.first, y.first, x.count, y.count);
}
