import { get, set } from 'idb-keyval';
import * as v from 'valibot';
import type { ConceptSpec } from '#domain/job/request.ts';
import type { StudioParameters } from './defaults.ts';

/** What the studio remembers between visits. Unreadable or foreign records are refused whole. */
export interface Settings {
  readonly version: 1;
  /** Null while they are the defaults, so that better defaults reach whoever never changed one. */
  readonly parameters: StudioParameters | null;
  readonly concepts: readonly ConceptSpec[];
  readonly panels: { readonly left: boolean; readonly right: boolean; readonly explain: boolean };
}

const KEY = 'luna-settings';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const conceptSchema = v.object({
  id: v.string(),
  phrase: v.string(),
  prompt: v.string(),
  negative: v.string(),
  layer: v.picklist([0, 1, 2, 3, 4, 5]),
  selection: v.picklist(['largest', 'center', 'first', 'all']),
  maxObjects: count,
  threshold: share,
  denoise: share,
  anchorScale: v.number(),
});

const parametersSchema = v.object({
  sampling: v.object({
    sampler: v.picklist(['euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm']),
    scheduler: v.picklist(['karras', 'normal', 'sgm_uniform', 'exponential', 'simple']),
    steps: count,
    guidanceScale: v.number(),
  }),
  scaffold: v.object({ seed: count, levels: count, discount: share }),
  detail: v.object({ enabled: v.boolean(), padding: v.number(), growPx: v.number(), featherPx: v.number() }),
  global: v.object({
    enabled: v.boolean(),
    tilePx: v.picklist([1024, 1536]),
    overlapPx: count,
    denoise: share,
    refinedFactor: share,
    prompt: v.string(),
    negative: v.string(),
    anchorScale: v.number(),
  }),
  output: v.object({ canvasLongSidePx: count, exportLongSidePx: count }),
  promptSyntax: v.picklist(['comfy', 'a1111']),
  batchLimit: count,
});

const settingsSchema = v.object({
  version: v.literal(1),
  parameters: v.nullable(parametersSchema),
  concepts: v.array(conceptSchema),
  panels: v.object({ left: v.boolean(), right: v.boolean(), explain: v.boolean() }),
});

/** The remembered settings, or null when there are none that this version can read. */
export async function loadSettings(): Promise<Settings | null> {
  const stored: unknown = await get(KEY).catch(() => undefined);
  const parsed = v.safeParse(settingsSchema, stored);
  return parsed.success ? parsed.output : null;
}

/** Remembers the settings; storage may be full or forbidden, and then nothing is remembered. */
export async function saveSettings(settings: Settings): Promise<void> {
  await set(KEY, settings).catch(() => undefined);
}
