import { describe, expect, it } from 'vitest';
import { fadeAtCropEdge } from '#domain/blend/crop-edge.ts';

const full = (width: number, height: number) => ({
  width,
  height,
  data: new Float32Array(width * height).fill(1),
});
const canvas = { width: 64, height: 64 };

describe('pastes that reach the edge of their crop', () => {
  it('fade out on edges inside the canvas and stay full on the canvas border', () => {
    const { data } = fadeAtCropEdge(full(32, 32), { x: 32, y: 0, width: 32, height: 32 }, canvas, 8);
    const at = (x: number, y: number) => data[y * 32 + x]!;
    expect(at(0, 16)).toBeLessThan(0.02);
    expect(at(16, 31)).toBeLessThan(0.02);
    expect(at(31, 0)).toBe(1);
    expect(at(16, 16)).toBe(1);
  });

  it('are untouched by a crop of the whole canvas or without a feather', () => {
    const whole = full(64, 64);
    expect(fadeAtCropEdge(whole, { x: 0, y: 0, width: 64, height: 64 }, canvas, 8).data).toEqual(whole.data);
    expect(
      fadeAtCropEdge(full(8, 8), { x: 8, y: 8, width: 8, height: 8 }, canvas, 0).data.every((v) => v === 1),
    ).toBe(true);
  });
});
