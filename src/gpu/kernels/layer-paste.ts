import { intersect, type Rect, type Size } from '#domain/geometry/rect.ts';
import { lanczosTable } from '#domain/resample/lanczos-table.ts';
import { floatBits, type Commands } from '../commands.ts';
import { packTable } from './lanczos.ts';

/** One layer blended into one band of the canvas. */
export interface LayerPasteCall {
  /** RGBA8 rows of the band, changed in place. */
  readonly pixels: GPUBuffer;
  readonly band: Rect<'canvas'>;
  /** Has something in common with the band. */
  readonly area: Rect<'canvas'>;
  /** f32, the layer's rows that lie in the band, `area.width` each. */
  readonly weight: GPUBuffer;
  /** snorm16[3][size.height][size.width]. */
  readonly residual: GPUBuffer;
  readonly size: Size<'crop'>;
  readonly gain: number;
}

/** blend/layer_paste: one layer over one band of the canvas. */
export function layerPaste(commands: Commands, call: LayerPasteCall): void {
  const { pixels, band, area, weight, residual, size, gain } = call;
  const part = intersect(band, area);
  const across = lanczosTable(size.width, area.width);
  const down = lanczosTable(size.height, area.height);
  const place = [band.width, part.x - band.x, part.y - band.y, part.x - area.x, part.y - area.y];
  const extents = [part.width, part.height, area.width, size.width, size.height, across.taps, down.taps];
  const tables = [across, down].map((table) => commands.upload(packTable(table)));
  commands.dispatch({
    shader: 'layerPaste',
    params: [...place, ...extents, floatBits(gain)],
    buffers: [pixels, weight, residual, ...tables],
    threads: [part.width, part.height],
  });
}
