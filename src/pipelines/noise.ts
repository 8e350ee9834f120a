import { canvasToLatent, LATENT_PX, size, type Rect } from '#domain/geometry/rect.ts';
import type { ScaffoldSpec } from '#domain/job/request.ts';
import { resampleNoise } from '#domain/noise/resample.ts';
import { scaffoldNoise, stepScaffold } from '#domain/noise/scaffold.ts';
import { startFactor } from '#domain/sampling/scaling.ts';
import type { SigmaTable } from '#domain/sampling/sigmas.ts';
import { floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import type { Services } from './services.ts';

/** Where an item lies and how large the network sees it. */
interface Placed {
  readonly area: Rect<'canvas'>;
  /** Where its noise comes from, when not from there. */
  readonly noiseArea?: Rect<'canvas'>;
  readonly sizePx: number;
}

/** The scaffold's own values under each item, [N,C,h,w]: sliced at 1:1, resampled exactly where the crop is. */
export async function scaffoldUnder(
  items: readonly Placed[],
  spec: ScaffoldSpec,
  { pixels, denoiser }: Services,
): Promise<FloatTensor> {
  const slices: FloatTensor[] = [];
  for (const { area, noiseArea, sizePx } of items) {
    const latent = canvasToLatent(noiseArea ?? area);
    const side = sizePx / LATENT_PX;
    slices.push(
      latent.width === side && latent.height === side
        ? await pixels.scaffoldNoise(spec, latent, denoiser.latentChannels)
        : await pixels.resampledNoise(spec, latent, size(side, side), denoiser.latentChannels),
    );
  }
  return stack(slices);
}

/**
 * Fresh noise for the samplers that want it, from one scaffold per draw, so that overlapping areas still agree
 * (spec/sdxl.md F.5). Made when asked for: a sampler asks synchronously, so it comes from the CPU twin.
 */
export function stepNoise(
  items: readonly Placed[],
  spec: ScaffoldSpec,
  channels: number,
): (item: number, draw: number) => Float32Array {
  return (index, draw) => {
    const { area, noiseArea, sizePx } = items[index] as Placed;
    const latent = canvasToLatent(noiseArea ?? area);
    const fresh = stepScaffold(spec, draw);
    const field = scaffoldNoise(fresh, latent, channels);
    const side = sizePx / LATENT_PX;
    if (latent.width === side && latent.height === side) return field.data;
    return resampleNoise(field, size(side, side), fresh.seed, latent).data;
  };
}

/** x = latent + factor·noise per item; at full denoise the factor makes x pure noise of the model's largest sigma. */
export function startState(
  latents: FloatTensor,
  noise: FloatTensor,
  sigmas: readonly Float64Array[],
  table: SigmaTable,
): FloatTensor {
  const x = floatTensor(latents.dims, latents.data.slice());
  const stride = x.data.length / sigmas.length;
  const sigmaMax = table.sigmas.at(-1) ?? 0;
  const factors = sigmas.map((levels) => startFactor(levels[0] ?? 0, sigmaMax));
  for (let i = 0; i < x.data.length; i++)
    x.data[i] =
      (x.data[i] as number) + (factors[Math.floor(i / stride)] as number) * (noise.data[i] as number);
  return x;
}
