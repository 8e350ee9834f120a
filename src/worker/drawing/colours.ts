/** Red, green, blue, opacity, 0 to 255 each. */
export type Colour = readonly [number, number, number, number];

/** As the four bytes lie in an ImageData of a little-endian machine, which every platform with WebGPU is. */
export function packed([r, g, b, a]: Colour): number {
  return ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** A hue at the lightness and chroma the overlays use (OKLCH would need a table; HSL is close enough for a tint). */
export function hueColour(hue: number): readonly [number, number, number] {
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.66 - 0.32 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
