import type { Extent } from './camera.ts';

const LONGEST = { width: 176, height: 128 };

/** Size of the overview, CSS pixels: the picture's shape inside a small box, never thinner than a finger's width. */
export function minimapSize(picture: Extent): Extent {
  const scale = Math.min(LONGEST.width / picture.width, LONGEST.height / picture.height);
  return {
    width: Math.max(24, Math.round(picture.width * scale)),
    height: Math.max(24, Math.round(picture.height * scale)),
  };
}
