import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { ScaffoldSpec } from '#domain/job/request.ts';
import { resampleRatio, type CellOrigin } from '#domain/noise/resample.ts';
import { octaveWeights } from '#domain/noise/scaffold.ts';
import type { Commands } from '../commands.ts';
import type { Element } from '../shader-source.ts';

/** The part of the noise pyramid to compute, in latent cells. */
export interface Scaffold {
  readonly spec: ScaffoldSpec;
  readonly area: Rect<'latent'>;
  readonly channels: number;
  readonly element?: Element;
}

/** noise/scaffold: a new buffer of elem[channels][area.height][area.width]. */
export function scaffold(commands: Commands, { spec, area, channels, element = 'f32' }: Scaffold): GPUBuffer {
  const weights = commands.upload(octaveWeights(spec));
  const result = commands.scratch(channels * area.height * area.width * (element === 'f16' ? 2 : 4));
  commands.dispatch({
    shader: 'scaffold',
    element,
    params: [spec.seed, area.x, area.y, area.width, area.height, spec.levels],
    buffers: [weights, result],
    threads: [Math.ceil(area.width / 4) + 1, area.height, channels],
  });
  return result;
}

/** Noise at another resolution, still white. */
export interface NoiseResample {
  /** f32[channels][from.height][from.width]. */
  readonly source: GPUBuffer;
  readonly channels: number;
  readonly from: Size<'latent'>;
  readonly to: Size<'latent'>;
  readonly seed: number;
  /** Absolute cell of the scaffold that the source starts at. */
  readonly origin: CellOrigin;
}

/** noise/resample along x, then along y: a new buffer of f32[channels][to.height][to.width]. */
export function noiseResample(commands: Commands, call: NoiseResample): GPUBuffer {
  const { source, channels, from, to, seed, origin } = call;
  const across = resampleRatio(from.width, to.width);
  const down = resampleRatio(from.height, to.height);
  const pass = (
    input: GPUBuffer,
    sizes: readonly [number, number, number, number],
    rest: readonly number[],
  ) => {
    const [, , width, height] = sizes;
    const result = commands.scratch(channels * width * height * 4);
    commands.dispatch({
      shader: 'noiseResample',
      params: [...sizes, ...rest],
      buffers: [input, result],
      threads: [width, height, channels],
    });
    return result;
  };
  const targetX = Math.floor((origin.x * across.q) / across.p);
  const wide = pass(
    source,
    [from.width, from.height, to.width, from.height],
    [across.p, across.q, 0, seed, origin.x, origin.y],
  );
  return pass(
    wide,
    [to.width, from.height, to.width, to.height],
    [down.p, down.q, 1, seed, targetX, origin.y],
  );
}
