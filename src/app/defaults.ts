import { NO_RULES } from '#domain/detection/rules.ts';
import { sameValue } from '#domain/document/same-value.ts';
import type { RefineParameters } from '#domain/document/state.ts';
import type { ConceptSpec } from '#domain/job/request.ts';

export type StudioParameters = RefineParameters;

/** What a new document and a new concept start with. */
export interface StudioDefaults {
  readonly parameters: StudioParameters;
  readonly concept: Omit<ConceptSpec, 'id'>;
}

/** Sections may be given in part: `{ parameters: { sampling: { steps: 8 } }, concept: { denoise: 0.3 } }`. */
export interface DefaultOverrides {
  readonly parameters?: {
    readonly [K in keyof StudioParameters]?: StudioParameters[K] extends object
      ? Partial<StudioParameters[K]>
      : StudioParameters[K];
  };
  readonly concept?: Partial<StudioDefaults['concept']>;
}

/** Sensible for SDXL; a pack that wants others brings its own through {@link withOverrides}. */
export const DEFAULTS: StudioDefaults = {
  parameters: {
    sampling: { sampler: 'dpmpp_2m', scheduler: 'karras', steps: 20, guidanceScale: 5 },
    scaffold: { seed: 1, levels: 0, discount: 0.5 },
    detail: { enabled: true, padding: 0.25, growPx: 8, featherPx: 32 },
    anchor: { preset: 'all', start: 0, end: 1 },
    global: {
      enabled: true,
      tilePx: 1024,
      overlapPx: 128,
      denoise: 0.2,
      refinedFactor: 0.5,
      prompt: '',
      negative: '',
      anchorScale: 0.4,
    },
    output: { canvasLongSidePx: 4096, exportLongSidePx: 4096 },
    promptSyntax: 'comfy',
    batchLimit: 4,
  },
  concept: {
    phrase: '',
    prompt: '',
    negative: '',
    layer: 0,
    selection: 'all',
    maxObjects: 8,
    threshold: 0.5,
    denoise: 0.35,
    anchorScale: 0.5,
    rules: NO_RULES,
  },
};

/** The defaults with some of them replaced, section by section. */
export function withOverrides(base: StudioDefaults, overrides: DefaultOverrides): StudioDefaults {
  return {
    parameters: mergeParameters(base.parameters, overrides.parameters ?? {}),
    concept: { ...base.concept, ...overrides.concept },
  };
}

/** A concept whose strengths are still those of `previous` takes those of `next`; its words stay. */
export function followConcept(
  concept: ConceptSpec,
  previous: StudioDefaults['concept'],
  next: StudioDefaults['concept'],
): ConceptSpec {
  const strengths = ({ denoise, anchorScale, threshold }: StudioDefaults['concept']) => ({
    denoise,
    anchorScale,
    threshold,
  });
  const untouched = sameValue(strengths(concept), strengths(previous));
  return untouched ? { ...concept, ...strengths(next) } : concept;
}

function mergeParameters(
  base: StudioParameters,
  patch: NonNullable<DefaultOverrides['parameters']>,
): StudioParameters {
  return {
    sampling: { ...base.sampling, ...patch.sampling },
    scaffold: { ...base.scaffold, ...patch.scaffold },
    detail: { ...base.detail, ...patch.detail },
    global: { ...base.global, ...patch.global },
    anchor: { ...base.anchor, ...patch.anchor },
    output: { ...base.output, ...patch.output },
    promptSyntax: patch.promptSyntax ?? base.promptSyntax,
    batchLimit: patch.batchLimit ?? base.batchLimit,
  };
}
