import type { Rect, Space } from '#domain/geometry/rect.ts';
import type { Commands } from '../commands.ts';
import type { Element } from '../shader-source.ts';

/** What is cut out, and as what: elem[3][height][width]. */
export interface CropNormalise<S extends Space> {
  /** RGBA8 rows of `sourceWidth` that hold the whole area. */
  readonly source: GPUBuffer;
  readonly sourceWidth: number;
  /** In pixels of `source`. */
  readonly area: Rect<S>;
  readonly element?: Element;
}

/** layout/crop_normalise: a new buffer of elem[3][height][width] in 0..1. */
export function cropNormalise<S extends Space>(commands: Commands, call: CropNormalise<S>): GPUBuffer {
  const { source, sourceWidth, area, element = 'f32' } = call;
  const result = commands.scratch(3 * area.width * area.height * (element === 'f16' ? 2 : 4));
  commands.dispatch({
    shader: 'cropNormalise',
    element,
    params: [sourceWidth, area.x, area.y, area.width, area.height],
    buffers: [source, result],
    threads: [area.width, area.height],
  });
  return result;
}
