import { describe, expect, it } from 'vitest';
import { isRejected } from '#domain/sam3/rejected.ts';

const box = (x: number) => ({ x, y: 0, width: 0.4, height: 0.4 });
const not = (x: number) => ({ box: box(x), positive: false });
const like = (x: number) => ({ box: box(x), positive: true });

describe('answers the user has rejected', () => {
  it('are those a counter-example shows, not their neighbours', () => {
    expect(isRejected(box(0.1), [not(0.1)])).toBe(true);
    expect(isRejected(box(0.1), [not(0.2)])).toBe(true);
    expect(isRejected(box(0.1), [not(0.3)])).toBe(false);
    expect(isRejected(box(0.1), [like(0.1)])).toBe(false);
    expect(isRejected(box(0.1), [])).toBe(false);
  });

  it('give way to a wanted example that fits as well or better', () => {
    expect(isRejected(box(0.1), [not(0.1), like(0.1)])).toBe(false);
    expect(isRejected(box(0.1), [not(0.1), like(0.15)])).toBe(true);
  });
});
