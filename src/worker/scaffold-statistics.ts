import { rect, type Size } from '#domain/geometry/rect.ts';
import type { ScaffoldSpec } from '#domain/job/request.ts';
import { noiseStatistics } from '#domain/noise/statistics.ts';
import type { PixelOps } from '#pipelines/services.ts';
import type { ScaffoldStatistics } from './api.ts';

/** Latent side of the sample: 65 536 values put the error of a standard deviation at 0.3 %. */
const SAMPLE_SIDE = 256;

/** Measures the noise the job will really use, on the middle of the canvas. */
export async function scaffoldStatistics(
  spec: ScaffoldSpec,
  canvas: Size<'canvas'>,
  pixels: PixelOps,
): Promise<ScaffoldStatistics> {
  const columns = canvas.width / 8;
  const rows = canvas.height / 8;
  const width = Math.min(SAMPLE_SIDE, columns);
  const height = Math.min(SAMPLE_SIDE, rows);
  const area = rect<'latent'>(
    Math.floor((columns - width) / 2),
    Math.floor((rows - height) / 2),
    width,
    height,
  );
  const field = await pixels.scaffoldNoise(spec, area, 1);
  const { mean, std, lag1X, lag1Y } = noiseStatistics(field);
  return { mean, std, lag1X, lag1Y, samples: field.data.length };
}
