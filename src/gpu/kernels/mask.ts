import type { Rect, Size } from '#domain/geometry/rect.ts';
import { floatBits, type Commands } from '../commands.ts';

/** A mask of the picture sampled over an area of the canvas. */
export interface MaskResize {
  /** One byte per pixel of the whole picture's mask. */
  readonly mask: GPUBuffer;
  readonly maskSize: Size<'image'>;
  readonly canvas: Size<'canvas'>;
  readonly area: Rect<'canvas'>;
}

/** mask/resize: a new buffer of f32 coverage, area.height × area.width. */
export function maskResize(commands: Commands, { mask, maskSize, canvas, area }: MaskResize): GPUBuffer {
  const result = commands.scratch(area.width * area.height * 4);
  const sizes = [maskSize.width, maskSize.height, canvas.width, canvas.height];
  commands.dispatch({
    shader: 'maskResize',
    params: [...sizes, area.x, area.y, area.width, area.height],
    buffers: [mask, result],
    threads: [area.width, area.height],
  });
  return result;
}

/** The horizontal pass of the distance to a mask's edge. */
export interface GrowRows {
  /** f32, rows × width. */
  readonly mask: GPUBuffer;
  readonly width: number;
  readonly rows: number;
  /** Distances are exact up to this many pixels. */
  readonly reach: number;
}

/** mask/grow_rows: a new buffer of signed distances along rows, f32, rows × width. */
export function growRows(commands: Commands, { mask, width, rows, reach }: GrowRows): GPUBuffer {
  const result = commands.scratch(rows * width * 4);
  commands.dispatch({
    shader: 'growRows',
    params: [width, rows, reach],
    buffers: [mask, result],
    threads: [width, rows],
  });
  return result;
}

/** The vertical pass, which makes signed distances in pixels. */
export interface GrowColumns {
  /** What growRows returned, `sourceRows` rows. */
  readonly source: GPUBuffer;
  readonly width: number;
  readonly sourceRows: number;
  /** Rows of the result, from source row `firstRow`. */
  readonly firstRow: number;
  readonly rows: number;
  readonly reach: number;
}

/** mask/grow_columns: a new buffer of signed Euclidean distances to the mask's edge, f32, rows × width. */
export function growColumns(commands: Commands, call: GrowColumns): GPUBuffer {
  const { source, width, sourceRows, firstRow, rows, reach } = call;
  const result = commands.scratch(rows * width * 4);
  commands.dispatch({
    shader: 'growColumns',
    params: [width, sourceRows, firstRow, rows, reach],
    buffers: [source, result],
    threads: [width, rows],
  });
  return result;
}

/** Distances to alpha: grown by `growPx`, a ramp `featherPx` wide. */
export interface Feather {
  /** What growColumns returned, rows × width. */
  readonly distance: GPUBuffer;
  readonly width: number;
  readonly rows: number;
  readonly growPx: number;
  readonly featherPx: number;
}

/** mask/feather: a new buffer of blend alpha, f32, rows × width. */
export function feather(
  commands: Commands,
  { distance, width, rows, growPx, featherPx }: Feather,
): GPUBuffer {
  const alpha = commands.scratch(rows * width * 4);
  commands.dispatch({
    shader: 'feather',
    params: [width, rows, floatBits(growPx), floatBits(featherPx)],
    buffers: [distance, alpha],
    threads: [width, rows],
  });
  return alpha;
}
