import { sentence } from '#domain/job/sentence.ts';
import type { JobPhase } from '#domain/job/events.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import type { LadderJob } from './memory-ladder.ts';
import type { RepaintItem } from './repaint.ts';
import type { AnchorEncoder, Services } from './services.ts';

/**
 * Items with the tokens of their image anchors: each item's is its own crop, so that the re-paint keeps the identity it
 * starts from. All items that read the same canvas go through the vision tower together, because at full size it is
 * loaded for this and makes room for the sampler afterwards. Where no anchor is wanted or can be had, items stay as
 * they are.
 */
export async function withAnchors<T extends RepaintItem>(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  items: readonly T[],
  phase: JobPhase,
): Promise<T[]> {
  const wanted = items.filter((item) => canAnchor(job.services) && item.anchorScale > 0);
  if (wanted.length === 0) return [...items];
  try {
    const positives = new Map<T, FloatTensor>();
    for (const item of wanted) positives.set(item, await tokensOf(job, canvas, item, phase));
    const guided = job.request.sampling.guidanceScale !== 1;
    const negative = guided ? await job.memory.retry((services) => encoder(services).unconditional()) : null;
    return items.map((item) => {
      const positive = positives.get(item);
      return positive ? { ...item, anchor: { positive, negative } } : item;
    });
  } finally {
    await job.services.anchors?.rest();
  }
}

/** Whether the picture can be held on to: a vision tower is there and the denoiser reads its tokens. */
export function canAnchor({ anchors, denoiser }: Services): boolean {
  return anchors !== null && denoiser.supportsAnchor;
}

async function tokensOf(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  item: RepaintItem,
  phase: JobPhase,
): Promise<FloatTensor> {
  const picture = await job.services.pixels.cropToNchw(canvas, item.area, item.sizePx);
  return job.tracker.work('anchor', 1, phase, sentence`${item.label} · anchor`, () =>
    job.memory.retry((services) => encoder(services).encode(picture)),
  );
}

function encoder({ anchors }: Services): AnchorEncoder {
  if (!anchors) throw new Error('the services lost their anchors while the job ran');
  return anchors;
}
