import type { Field } from '../raster.ts';

/** Farther than any picture is wide: the distance to a class of pixels that does not occur. */
const NOWHERE = 1e6;

/**
 * Signed Euclidean distance, in pixels, of every pixel centre to the edge of the set {value ≥ 0.5}: positive inside.
 * The edge is taken half a pixel outside the last inside centre. Exact: a scan along rows, then the lower envelope of
 * parabolas along columns (Felzenszwalb & Huttenlocher 2012). Without any edge it is about ±10⁶.
 */
export function signedDistance<S extends 'image' | 'canvas' | 'crop'>(mask: Field<S>): Field<S> {
  const { width, height } = mask;
  const rows = signedRowDistance(mask);
  const data = new Float32Array(width * height);
  const column = new ColumnTransform(height);
  for (let x = 0; x < width; x++) {
    for (const side of [1, -1] as const) {
      for (let y = 0; y < height; y++) {
        const distance = (rows[y * width + x] as number) * side;
        column.input[y] = distance > 0 ? distance * distance : 0;
      }
      column.run();
      for (let y = 0; y < height; y++)
        if ((rows[y * width + x] as number) * side > 0)
          data[y * width + x] = side * (Math.min(NOWHERE, Math.sqrt(column.output[y] as number)) - 0.5);
    }
  }
  return { width, height, data };
}

/** Per pixel: distance along its row to the nearest pixel of the other class, positive for inside pixels. */
function signedRowDistance(mask: Field<'image' | 'canvas' | 'crop'>): Float32Array {
  const { width, height, data } = mask;
  const result = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const at = y * width;
    let since = NOWHERE;
    for (let x = 0; x < width; x++) {
      const changed = x > 0 && (data[at + x] as number) >= 0.5 !== (data[at + x - 1] as number) >= 0.5;
      since = changed ? 1 : since + 1;
      result[at + x] = Math.min(NOWHERE, since);
    }
    since = NOWHERE;
    for (let x = width - 1; x >= 0; x--) {
      const inside = (data[at + x] as number) >= 0.5;
      const changed = x + 1 < width && inside !== (data[at + x + 1] as number) >= 0.5;
      since = changed ? 1 : since + 1;
      const nearest = Math.min(since, result[at + x] as number);
      result[at + x] = inside ? nearest : -nearest;
    }
  }
  return result;
}

/** output[y] = min over v of (y-v)² + input[v], in linear time; buffers are kept between columns. */
class ColumnTransform {
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly #vertex: Int32Array;
  readonly #from: Float64Array;

  constructor(length: number) {
    this.input = new Float64Array(length);
    this.output = new Float64Array(length);
    this.#vertex = new Int32Array(length);
    this.#from = new Float64Array(length + 1);
  }

  run(): void {
    const { input, output } = this;
    const vertex = this.#vertex;
    const from = this.#from;
    let last = 0;
    vertex[0] = 0;
    from[0] = -Infinity;
    for (let y = 1; y < input.length; y++) {
      let crossing = parabolaCrossing(input, vertex[last] as number, y);
      while (crossing <= (from[last] as number)) {
        last--;
        crossing = parabolaCrossing(input, vertex[last] as number, y);
      }
      last++;
      vertex[last] = y;
      from[last] = crossing;
    }
    from[last + 1] = Infinity;
    for (let y = 0, k = 0; y < input.length; y++) {
      while ((from[k + 1] as number) < y) k++;
      const v = vertex[k] as number;
      output[y] = (y - v) ** 2 + (input[v] as number);
    }
  }
}

/** Where the parabola rooted at q overtakes the one rooted at v < q. */
function parabolaCrossing(input: Float64Array, v: number, q: number): number {
  return ((input[q] as number) + q * q - ((input[v] as number) + v * v)) / (2 * (q - v));
}
