import * as v from 'valibot';
import { DEFAULTS, withOverrides, type StudioDefaults } from './defaults.ts';

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const packSchema = v.object({
  steps: v.number(),
  cfg: v.number(),
  sampler: v.picklist(['euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm']),
  scheduler: v.picklist(['karras', 'normal', 'sgm_uniform', 'exponential', 'simple']),
  detailDenoise: fraction,
  globalDenoise: fraction,
  ipScaleDetail: v.number(),
  ipScaleGlobal: v.number(),
  threshold: v.optional(fraction, DEFAULTS.concept.threshold),
});

const packs = import.meta.glob<unknown>('../../models/demo/defaults.json', {
  eager: true,
  import: 'default',
});

/** What the demo pack was trained for: few steps, no guidance, gentle strength. Falls back to SDXL's defaults. */
export function demoDefaults(): StudioDefaults {
  const parsed = v.safeParse(packSchema, Object.values(packs)[0]);
  if (!parsed.success) return DEFAULTS;
  const { steps, cfg, sampler, scheduler, detailDenoise, globalDenoise, threshold } = parsed.output;
  return withOverrides(DEFAULTS, {
    parameters: {
      sampling: { steps, guidanceScale: cfg, sampler, scheduler },
      global: { denoise: globalDenoise, anchorScale: parsed.output.ipScaleGlobal },
    },
    concept: { denoise: detailDenoise, anchorScale: parsed.output.ipScaleDetail, threshold },
  });
}
