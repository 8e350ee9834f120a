import type { ViewState } from '../api.ts';
import type { Frame } from './paged-surface.ts';

/** Which picture a part of the canvas shows. */
export type PaneSource = 'reference' | 'refined' | 'difference';

/** A part of the canvas: device pixels. */
export interface Pane {
  readonly frame: Frame;
  /** How far the camera is moved for it, device pixels. */
  readonly shift: { readonly x: number; readonly y: number };
  readonly source: PaneSource;
}

const STILL = { x: 0, y: 0 } as const;
/** Width of the gap between two halves, CSS pixels. */
const GAP = 2;

/** What is drawn where, in order. Without a result there is only the original. */
export function panesOf({ compare, viewport }: ViewState, hasRefined: boolean): Pane[] {
  const width = Math.round(viewport.width * viewport.pixelRatio);
  const height = Math.round(viewport.height * viewport.pixelRatio);
  const frame = { x: 0, y: 0, width, height };
  const first: PaneSource = compare.swapped ? 'refined' : 'reference';
  const second: PaneSource = compare.swapped ? 'reference' : 'refined';
  if (!hasRefined || compare.mode === 'original') return [{ frame, shift: STILL, source: 'reference' }];
  if (compare.mode === 'slider') {
    const at = Math.round(compare.split * width);
    return [
      { frame: { ...frame, width: at }, shift: STILL, source: first },
      { frame: { ...frame, x: at, width: width - at }, shift: STILL, source: second },
    ];
  }
  if (compare.mode === 'side') return halves(frame, [first, second], Math.round(GAP * viewport.pixelRatio));
  const source = compare.mode === 'difference' ? 'difference' : 'refined';
  return [{ frame, shift: STILL, source }];
}

/** Beside each other on a wide canvas, one above the other on a tall one; the camera's middle is in both middles. */
function halves(frame: Frame, [first, second]: readonly [PaneSource, PaneSource], gap: number): Pane[] {
  const { width, height } = frame;
  if (width >= height) {
    const half = Math.round((width - gap) / 2);
    const x = Math.floor((half - width) / 2);
    const across = width - half;
    return [
      { frame: { ...frame, width: half }, shift: { x, y: 0 }, source: first },
      { frame: { ...frame, x: across, width: half }, shift: { x: x + across, y: 0 }, source: second },
    ];
  }
  const half = Math.round((height - gap) / 2);
  const y = Math.floor((half - height) / 2);
  const down = height - half;
  return [
    { frame: { ...frame, height: half }, shift: { x: 0, y }, source: first },
    { frame: { ...frame, y: down, height: half }, shift: { x: 0, y: y + down }, source: second },
  ];
}
