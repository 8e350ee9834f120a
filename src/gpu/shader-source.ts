import layerPaste from '#shaders/blend/layer_paste.wgsl?raw';
import cropNormalise from '#shaders/layout/crop_normalise.wgsl?raw';
import boxMuller from '#shaders/lib/box_muller.wgsl?raw';
import philox from '#shaders/lib/philox.wgsl?raw';
import rgba8 from '#shaders/lib/rgba8.wgsl?raw';
import feather from '#shaders/mask/feather.wgsl?raw';
import growColumns from '#shaders/mask/grow_columns.wgsl?raw';
import growRows from '#shaders/mask/grow_rows.wgsl?raw';
import maskResize from '#shaders/mask/resize.wgsl?raw';
import noiseResample from '#shaders/noise/resample.wgsl?raw';
import scaffold from '#shaders/noise/scaffold.wgsl?raw';
import lanczosColumns from '#shaders/resample/lanczos_columns.wgsl?raw';
import lanczosRows from '#shaders/resample/lanczos_rows.wgsl?raw';

/** Storage type of network tensors. Everything is computed in f32; f16 only halves what is read and written. */
export type Element = 'f32' | 'f16';

interface ShaderParts {
  readonly body: string;
  readonly lib: readonly string[];
  /** True when the body reads or writes `elem` arrays, so that it has an f16 variant. */
  readonly hasElement: boolean;
}

/** Every kernel by name: its own text and the lib/ files it calls. */
export const SHADERS = {
  scaffold: { body: scaffold, lib: [philox, boxMuller], hasElement: true },
  noiseResample: { body: noiseResample, lib: [philox, boxMuller], hasElement: false },
  lanczosRows: { body: lanczosRows, lib: [rgba8], hasElement: false },
  lanczosColumns: { body: lanczosColumns, lib: [rgba8], hasElement: false },
  cropNormalise: { body: cropNormalise, lib: [rgba8], hasElement: true },
  layerPaste: { body: layerPaste, lib: [rgba8], hasElement: false },
  maskResize: { body: maskResize, lib: [], hasElement: false },
  growRows: { body: growRows, lib: [], hasElement: false },
  growColumns: { body: growColumns, lib: [], hasElement: false },
  feather: { body: feather, lib: [], hasElement: false },
} satisfies Record<string, ShaderParts>;

/** Our kernels by file name. */
export type ShaderName = keyof typeof SHADERS;

const PRELUDE: Record<Element, string> = {
  f32: 'alias elem = f32;\n',
  f16: 'enable f16;\nalias elem = f16;\n',
};

/** Complete WGSL of a kernel: prelude with the element type, lib functions, body. */
export function shaderSource(name: ShaderName, element: Element = 'f32'): string {
  const { body, lib, hasElement } = SHADERS[name];
  if (!hasElement && element !== 'f32') throw new RangeError(`${name} has no ${element} variant`);
  return [hasElement ? PRELUDE[element] : '', ...lib, body].join('\n');
}
