import type { Rect, Size } from '../geometry/rect.ts';

/**
 * Requests are plain data: together with the picture and the model files they name, they hold everything needed to
 * compute the same pixels again. They cross the worker boundary, go into the exported PNG and come back from it.
 */

/** Samplers the page offers (spec/sdxl.md F). */
export type SamplerName = 'euler' | 'euler_ancestral' | 'heun' | 'dpmpp_2m' | 'lcm';
/** How noise levels are spaced between the largest and 0 (spec/sdxl.md F). */
export type SchedulerName = 'karras' | 'normal' | 'sgm_uniform' | 'exponential' | 'simple';
/** Whose rules weights and breaks in prompts are read by. */
export type PromptSyntax = 'comfy' | 'a1111';

/** Which of a concept's detections are ticked after a run. */
export type SelectionMode = 'largest' | 'center' | 'first' | 'all';

/** Re-paint order: detections of a lower layer are finished before a higher one starts (eyes after face). */
export type LayerIndex = 0 | 1 | 2 | 3 | 4 | 5;

/** How a concept's detections are listed and numbered. */
export type DetectionOrder = 'score' | 'area' | 'left-to-right' | 'top-to-bottom';

/** What happens to one mask after detection. Lengths are pixels of the picture that was opened. */
export interface MaskRules {
  /** Holes up to this area are filled, square pixels; 0: none. */
  readonly fillHolesPx: number;
  /** Separate parts below this area are dropped, square pixels; 0: none. */
  readonly specksPx: number;
  /** `largest` keeps only the largest connected part. */
  readonly parts: 'all' | 'largest';
  /** Grow (+) or shrink (−). */
  readonly growPx: number;
  readonly offsetXPx: number;
  readonly offsetYPx: number;
  readonly invert: boolean;
}

/** Which of a concept's candidates become detections, and what their masks go through. */
export interface ConceptRules {
  /** Shares of the picture's area, 0 to 1; candidates outside are not listed. */
  readonly minArea: number;
  readonly maxArea: number;
  readonly order: DetectionOrder;
  /** Of two candidates that overlap by more than `limit` the better one stays. `iom` divides by the smaller area. */
  readonly duplicates: { readonly measure: 'iou' | 'iom'; readonly limit: number };
  readonly mask: MaskRules;
  /** Ids of concepts whose masks are taken away from this one's (A minus B). */
  readonly exclude: readonly string[];
  /** Id of the concept this one is a part of: only candidates inside one of its detections count. */
  readonly partOf: string | null;
  /** Of masks of different concepts in one layer that overlap, the later concept gives way. */
  readonly giveWay: boolean;
}

/** A box around something that is wanted ("more like this") or not ("not like this"). */
export interface ConceptExample {
  readonly box: Rect<'unit'>;
  readonly positive: boolean;
}

/** One concept slot: what to look for and how to re-paint what is found. */
export interface ConceptSpec {
  readonly id: string;
  /** What SAM 3 looks for: "face", "silver ring". */
  readonly phrase: string;
  /** The phrase its present answers were found by; missing: as long as nothing was answered. Stays in the document. */
  readonly answeredPhrase?: string | undefined;
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
  /** Width of the soft edge of its masks, canvas pixels; missing: the document's ({@link DetailSpec}). */
  readonly featherPx?: number | undefined;
  readonly rules: ConceptRules;
  /** Boxes of the open picture to look for besides the phrase, or instead of it. */
  readonly examples?: readonly ConceptExample[] | undefined;
  /** Side of overlapping tiles that are looked at too, for small objects; pixels of the picture that was opened. */
  readonly tilePx?: number | undefined;
}

/** What one detection does differently from its concept; a missing field follows the concept or the document. */
export interface DetectionOverrides {
  readonly prompt?: string | undefined;
  readonly negative?: string | undefined;
  readonly denoise?: number | undefined;
  readonly anchorScale?: number | undefined;
  /** Canvas pixels, as in {@link DetailSpec}. */
  readonly growPx?: number | undefined;
  readonly featherPx?: number | undefined;
  /** Which region of the scaffold its noise comes from; 0, the default, is its own place on the canvas. */
  readonly region?: number | undefined;
}

/** Run-length coded binary mask: alternating runs in row-major order, starting with a run of zeros. */
export interface MaskRle {
  readonly width: number;
  readonly height: number;
  readonly runs: readonly number[];
}

/** One found (or hand-painted) object as the pipelines see it: its mask has been through every rule and edit. */
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
  readonly own?: DetectionOverrides | undefined;
}

/** Concepts to look for; those without a phrase are not. */
export interface DetectRequest {
  readonly concepts: readonly ConceptSpec[];
}

/** One answer of the detector, before any rule. */
export interface FoundObject {
  readonly conceptId: string;
  readonly box: Rect<'unit'>;
  readonly mask: MaskRle;
  /** sigmoid(logit)·sigmoid(presence). */
  readonly score: number;
  /** sigmoid(presence). */
  readonly presence: number;
}

/** How every crop and tile is sampled. */
export interface SamplingSpec {
  readonly sampler: SamplerName;
  readonly scheduler: SchedulerName;
  /** Model calls per item, whatever the denoise (ComfyUI's rule, spec/sdxl.md F.4). */
  readonly steps: number;
  readonly guidanceScale: number;
}

/** The noise all crops and tiles are cut from: one field over the whole canvas, a pyramid of octaves. */
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

/** Which attention layers the image prompt acts in, and during what part of the schedule. */
export interface AnchorSpec {
  readonly preset: AnchorPreset;
  /** Share of the schedule, 0 to 1, between which the anchor acts; 0 is the noisiest end. */
  readonly start: number;
  readonly end: number;
}

/** How detections are cropped and blended back. */
export interface DetailSpec {
  readonly enabled: boolean;
  /** Context around a detection's box, as a fraction of its longer side. */
  readonly padding: number;
  /** Grow (+) or shrink (−) the mask, canvas pixels. */
  readonly growPx: number;
  /** Width of the smoothstep ramp around the mask, canvas pixels. */
  readonly featherPx: number;
}

/** The pass over the whole canvas, tile by tile. */
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

/** Sizes in pixels of the long side; the picture's shape stays. */
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

/** One layer of an exported picture: what it is and what made it, without its pixels and masks. */
export interface LayerRecord {
  readonly name: string;
  readonly area: Rect<'canvas'>;
  readonly kind: 'mask' | 'tile' | 'whole';
  /** Index of a tile in its grid. */
  readonly tile: number | null;
  readonly detectionId: string | null;
  readonly opacity: number;
  readonly strength: number;
  readonly recipe: {
    readonly prompt: string;
    readonly negative: string;
    readonly denoise: number;
    readonly anchorScale: number;
    readonly sampling: SamplingSpec;
    readonly scaffold: ScaffoldSpec;
    readonly region: number;
    readonly model: string;
  };
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
  /** What was shown over the upscaled picture, bottom first; absent where nothing was painted. */
  readonly layers?: readonly LayerRecord[] | undefined;
}
