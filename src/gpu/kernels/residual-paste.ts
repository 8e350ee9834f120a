import type { Size } from '#domain/geometry/rect.ts';
import type { Commands } from '../commands.ts';
import type { Element } from '../shader-source.ts';

export interface ResidualPaste {
  /** RGBA8 rows, changed in place; area column 0 is at `x`. */
  readonly canvas: GPUBuffer;
  readonly canvasWidth: number;
  readonly x: number;
  /** f32, rows × width. */
  readonly alpha: GPUBuffer;
  readonly width: number;
  /** Rows of this band, from area row `firstRow`. */
  readonly rows: number;
  readonly firstRow: number;
  /** elem[3][size.height][size.width] each. */
  readonly refined: GPUBuffer;
  readonly base: GPUBuffer;
  readonly size: Size<'crop'>;
  /** packTable of size -> area along x and y, with their taps. */
  readonly across: GPUBuffer;
  readonly down: GPUBuffer;
  readonly taps: readonly [x: number, y: number];
  readonly element?: Element;
}

/** blend/residual_paste: canvas + alpha·(refined − base) in place. */
export function residualPaste(commands: Commands, call: ResidualPaste): void {
  const { canvas, canvasWidth, x, alpha, width, rows, firstRow, refined, base, size, across, down, taps } =
    call;
  commands.dispatch({
    shader: 'residualPaste',
    element: call.element ?? 'f32',
    params: [canvasWidth, x, width, rows, firstRow, size.width, size.height, ...taps],
    buffers: [canvas, alpha, refined, base, across, down],
    threads: [width, rows],
  });
}
