import { rect, type Rect, type Size } from '#domain/geometry/rect.ts';
import { clamp } from './camera.ts';

/** The handles of a frame: which of its edges each moves, −1 left or upper, 1 right or lower, 0 neither. */
export const HANDLES = [
  { name: 'nw', x: -1, y: -1 },
  { name: 'n', x: 0, y: -1 },
  { name: 'ne', x: 1, y: -1 },
  { name: 'e', x: 1, y: 0 },
  { name: 'se', x: 1, y: 1 },
  { name: 's', x: 0, y: 1 },
  { name: 'sw', x: -1, y: 1 },
  { name: 'w', x: -1, y: 0 },
] as const;
export type Handle = (typeof HANDLES)[number];

/** No frame is smaller than this, picture pixels. */
const SMALLEST_PX = 8;

/**
 * A frame of the picture with one handle moved by picture pixels. It stays in the picture; an edge nearer than `snapPx`
 * to the picture's edge goes there.
 */
export function resizeFrame(
  frame: Rect<'image'>,
  handle: Handle,
  delta: { readonly x: number; readonly y: number },
  picture: Size<'image'>,
  snapPx: number,
): Rect<'image'> {
  const [left, right] = moveEdges(frame.x, frame.width, handle.x, delta.x, picture.width, snapPx);
  const [top, bottom] = moveEdges(frame.y, frame.height, handle.y, delta.y, picture.height, snapPx);
  return rect(left, top, right - left, bottom - top);
}

/** The frame moved without changing its size; it stays in the picture and snaps to its edges. */
export function moveFrame(
  frame: Rect<'image'>,
  delta: { readonly x: number; readonly y: number },
  picture: Size<'image'>,
  snapPx: number,
): Rect<'image'> {
  const x = place(frame.x + delta.x, frame.width, picture.width, snapPx);
  const y = place(frame.y + delta.y, frame.height, picture.height, snapPx);
  return rect(x, y, frame.width, frame.height);
}

/** Picture pixels as fractions of the picture. */
export function unitFrame(frame: Rect<'image'>, { width, height }: Size<'image'>): Rect<'unit'> {
  return rect(frame.x / width, frame.y / height, frame.width / width, frame.height / height);
}

function moveEdges(
  start: number,
  length: number,
  edge: -1 | 0 | 1,
  delta: number,
  extent: number,
  snapPx: number,
): readonly [number, number] {
  const end = start + length;
  const smallest = Math.min(SMALLEST_PX, length, extent);
  if (edge < 0) return [clamp(snapped(start + delta, extent, snapPx), 0, end - smallest), end];
  if (edge > 0) return [start, clamp(snapped(end + delta, extent, snapPx), start + smallest, extent)];
  return [start, end];
}

function place(start: number, length: number, extent: number, snapPx: number): number {
  const inside = clamp(start, 0, Math.max(0, extent - length));
  if (inside < snapPx) return 0;
  return extent - length - inside < snapPx ? Math.max(0, extent - length) : inside;
}

function snapped(position: number, extent: number, snapPx: number): number {
  if (Math.abs(position) < snapPx) return 0;
  return Math.abs(extent - position) < snapPx ? extent : position;
}
