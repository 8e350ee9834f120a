/** Constant tables of SAM 3, as plain numbers. All are functions of sizes only. */

/** cos and sin, each [tokens, headDim/2]. */
export interface RopeTable {
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Axial rotation angles of a grid of `windows`² windows of `window`² tokens, in window-major order: pair p turns by
 * x·scale·f for the first half of the pairs and y·scale·f for the second, f_j = 10000^(−4j/headDim)
 * (spec/sam3.md 2.1). `windows` = 1 is one window with its own coordinates.
 */
export function ropeTable(windows: number, window: number, headDim: number, scale: number): RopeTable {
  const pairs = headDim / 2;
  const half = pairs / 2;
  const cos = new Float32Array((windows * window) ** 2 * pairs);
  const sin = new Float32Array(cos.length);
  let at = 0;
  for (const [x, y] of windowMajor(windows, window))
    for (let pair = 0; pair < pairs; pair++, at++) {
      const position = (pair < half ? x : y) * scale;
      const angle = position * 10000 ** ((-4 * (pair % half)) / headDim);
      cos[at] = Math.cos(angle);
      sin[at] = Math.sin(angle);
    }
  return { cos, sin };
}

/** Grid coordinates [x, y] in the order in which each window is contiguous; rows of windows, then rows inside. */
export function windowMajor(windows: number, window: number): [number, number][] {
  const order: [number, number][] = [];
  for (let wy = 0; wy < windows; wy++)
    for (let wx = 0; wx < windows; wx++)
      for (let y = 0; y < window; y++)
        for (let x = 0; x < window; x++) order.push([wx * window + x, wy * window + y]);
  return order;
}

/** Row order that puts each head's even channels before its odd ones (spec/sam3.md 6.2-2a). */
export function evenThenOdd(heads: number, headDim: number): number[] {
  const half = headDim / 2;
  return Array.from({ length: heads * headDim }, (_, i) => {
    const channel = i % headDim;
    return i - channel + (channel < half ? 2 * channel : 2 * (channel - half) + 1);
  });
}

/** 1/10000^(2j/channels) for the pairs j of a sine code with `channels` channels. */
export function sineFrequencies(channels: number): number[] {
  return Array.from({ length: channels / 2 }, (_, j) => 10000 ** ((-2 * j) / channels));
}

/**
 * Position code along one axis [side, channels]: sin on even and cos on odd channels of (i+1)/(side+1e-6)·2π
 * (spec/sam3.md 2.2). The image code is [code(y), code(x)].
 */
export function axisCode(side: number, channels: number): Float32Array {
  const frequencies = sineFrequencies(channels);
  const code = new Float32Array(side * channels);
  for (let i = 0; i < side; i++)
    frequencies.forEach((frequency, j) => {
      const angle = ((i + 1) / (side + 1e-6)) * 2 * Math.PI * frequency;
      code[i * channels + 2 * j] = Math.sin(angle);
      code[i * channels + 2 * j + 1] = Math.cos(angle);
    });
  return code;
}
