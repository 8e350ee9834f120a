import type { ResampleTable } from '#domain/resample/lanczos-table.ts';
import type { Commands } from '../commands.ts';

/** A resample table as the kernels read it: per output, first source index, then the weights' bits. */
export function packTable({ taps, starts, weights }: ResampleTable): Uint32Array {
  const bits = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  const packed = new Uint32Array(starts.length * (taps + 1));
  starts.forEach((start, i) => {
    packed[i * (taps + 1)] = start;
    packed.set(bits.subarray(i * taps, (i + 1) * taps), i * (taps + 1) + 1);
  });
  return packed;
}

/** The horizontal pass: every row becomes `targetWidth` wide. */
export interface LanczosRows {
  /** RGBA8, rows × sourceWidth. */
  readonly source: GPUBuffer;
  /** packTable of sourceWidth -> targetWidth. */
  readonly table: GPUBuffer;
  readonly taps: number;
  readonly sourceWidth: number;
  readonly targetWidth: number;
  readonly rows: number;
}

/** resample/lanczos_rows: a new buffer of premultiplied vec4<f32>, rows × targetWidth. */
export function lanczosRows(commands: Commands, call: LanczosRows): GPUBuffer {
  const { source, table, taps, sourceWidth, targetWidth, rows } = call;
  const result = commands.scratch(rows * targetWidth * 16);
  commands.dispatch({
    shader: 'lanczosRows',
    params: [sourceWidth, targetWidth, rows, taps],
    buffers: [source, table, result],
    threads: [targetWidth, rows],
  });
  return result;
}

/** The vertical pass over what the horizontal one left. */
export interface LanczosColumns {
  /** What lanczosRows returned; its first row is source row `firstSourceRow`. */
  readonly source: GPUBuffer;
  /** packTable of the whole source height -> whole target height. */
  readonly table: GPUBuffer;
  readonly taps: number;
  readonly width: number;
  /** Output rows of this band, from output row `firstRow`. */
  readonly rows: number;
  readonly firstRow: number;
  readonly firstSourceRow: number;
}

/** resample/lanczos_columns: a new buffer of straight RGBA8, rows × width. */
export function lanczosColumns(commands: Commands, call: LanczosColumns): GPUBuffer {
  const { source, table, taps, width, rows, firstRow, firstSourceRow } = call;
  const result = commands.scratch(rows * width * 4);
  commands.dispatch({
    shader: 'lanczosColumns',
    params: [width, rows, taps, firstRow, firstSourceRow],
    buffers: [source, table, result],
    threads: [width, rows],
  });
  return result;
}
