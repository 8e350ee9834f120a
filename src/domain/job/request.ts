import type { Rect, Size } from '../geometry/rect.ts';

/**
 * Requests are plain data: together with the picture and the model files they name, they hold everything needed to
 * compute the same pixels again. They cross the worker boundary, go into the exported PNG and come back from it.
 */

export type SamplerName = 'euler' | 'euler_ancestral' | 'heun' | 'dpmpp_2m' | 'lcm';
export type SchedulerName = 'karras' | 'normal' | 'sgm_uniform' | 'exponential' | 'simple';
export type PromptSyntax = 'comfy' | 'a1111';

/** Which of a concept's detections are ticked after a run. */
export type SelectionMode = 'largest' | 'center' | 'first' | 'all';

/** Re-paint order: detections of a lower layer are finished before a higher one starts (eyes after face). */
export type LayerIndex = 0 | 1 | 2 | 3 | 4 | 5;

/** One concept slot: what to look for and how to re-paint what is found. */
export interface ConceptSpec {
  readonly id: string;
  /** What SAM 3 looks for: "face", "silver ring". */
  readonly phrase: string;
  /** What the refiner is told to paint; empty means the phrase itself. */
  readonly prompt: string;
  readonly negative: string;
  readonly layer: LayerIndex;
  readonly selection: SelectionMode;
  readonly maxObjects: number;
  /** Detections score sigmoid(logit)·sigmoid(presence); those above this are kept. */
  readonly threshold: number;
  /** img2img strength in [0, 1]; 0 leaves the picture untouched. */
  readonly denoise: number;
  /** IP-Adapter scale of the image anchor; 0 turns it off. */
  readonly anchorScale: number;
}

/** Run-length coded binary mask: alternating runs in row-major order, starting with a run of zeros. */
export interface MaskRle {
  readonly width: number;
  readonly height: number;
  readonly runs: readonly number[];
}

/** One found (or hand-painted) object, normalised to the picture. */
export interface Detection {
  readonly id: string;
  readonly conceptId: string;
  readonly box: Rect<'unit'>;
  /** Covers the whole picture, on a grid no larger than the picture. */
  readonly mask: MaskRle;
  /** sigmoid(logit)·sigmoid(presence). */
  readonly score: number;
  /** sigmoid(presence): how sure the model is that the concept is in the picture at all. */
  readonly presence: number;
  readonly enabled: boolean;
  /** True after a brush stroke: a re-run must not replace it. */
  readonly edited: boolean;
}

export interface DetectRequest {
  readonly concepts: readonly ConceptSpec[];
}

export interface SamplingSpec {
  readonly sampler: SamplerName;
  readonly scheduler: SchedulerName;
  /** Model calls per item, whatever the denoise (ComfyUI's rule, spec/sdxl.md F.4). */
  readonly steps: number;
  readonly guidanceScale: number;
}

export interface ScaffoldSpec {
  /** Unsigned 32-bit. */
  readonly seed: number;
  /** Extra pyramid octaves above the base grid; 0 = plain white noise. */
  readonly levels: number;
  /** Weight of each octave relative to the one below it, in [0, 1]. */
  readonly discount: number;
}

/** Which of the UNet's blocks hear the image anchor (spec/sdxl.md E.3): its look, its layout, or everything. */
export type AnchorPreset = 'all' | 'style' | 'composition' | 'style+composition';

export interface AnchorSpec {
  readonly preset: AnchorPreset;
  /** Share of the schedule, 0 to 1, between which the anchor acts; 0 is the noisiest end. */
  readonly start: number;
  readonly end: number;
}

export interface DetailSpec {
  readonly enabled: boolean;
  /** Context around a detection's box, as a fraction of its longer side. */
  readonly padding: number;
  /** Grow (+) or shrink (−) the mask, canvas pixels. */
  readonly growPx: number;
  /** Width of the smoothstep ramp around the mask, canvas pixels. */
  readonly featherPx: number;
}

export interface GlobalSpec {
  readonly enabled: boolean;
  readonly tilePx: 1024 | 1536;
  readonly overlapPx: number;
  readonly denoise: number;
  /** Denoise inside already refined areas is multiplied by this. */
  readonly refinedFactor: number;
  readonly prompt: string;
  readonly negative: string;
  readonly anchorScale: number;
}

export interface OutputSpec {
  /** Long side of the canvas the networks work on; snapped to multiples of 8. */
  readonly canvasLongSidePx: number;
  /** Long side of the exported picture. */
  readonly exportLongSidePx: number;
}

/** Everything that decides the pixels of a refinement, except the picture and the weights themselves. */
export interface RefineRequest {
  readonly version: 1;
  readonly concepts: readonly ConceptSpec[];
  readonly detections: readonly Detection[];
  readonly sampling: SamplingSpec;
  readonly scaffold: ScaffoldSpec;
  readonly detail: DetailSpec;
  readonly global: GlobalSpec;
  readonly anchor: AnchorSpec;
  readonly output: OutputSpec;
  readonly promptSyntax: PromptSyntax;
  /** Most crops or tiles of 1024 px in one network call; results do not depend on it. */
  readonly batchLimit: number;
}

/** What the export writes beside the request so that another studio can tell whether it can reproduce it. */
export interface Recipe {
  readonly app: 'Luna Studio';
  readonly version: string;
  readonly request: RefineRequest;
  readonly source: { readonly sha256: string; readonly size: Size<'image'> };
  readonly models: readonly {
    readonly role: string;
    readonly name: string;
    readonly bytes: number;
    readonly strength?: number | undefined;
  }[];
  readonly runtime: string;
  /** False when the run was stopped or failed before everything the request asks for was painted. */
  readonly complete: boolean;
}
