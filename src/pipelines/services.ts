import type { Sentence } from '#domain/job/sentence.ts';
import type { LayerPaste } from '#domain/blend/layer-paste.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { AppError } from '#domain/job/app-error.ts';
import type { AnchorPreset, ScaffoldSpec } from '#domain/job/request.ts';
import type { ExecutionPlan } from '#domain/plan/types.ts';
import type { Field, Mask, Raster8 } from '#domain/raster.ts';
import type { DetectOptions, PickQuestion, RawAnswer, RawPick } from '#domain/sam3/contract.ts';
import type { SigmaTable } from '#domain/sampling/sigmas.ts';
import type { FloatTensor } from '#domain/tensor.ts';

/**
 * What the pipelines need, as interfaces: `gpu` and the CPU twins of `domain` implement PixelOps, `inference`
 * implements the networks, and the worker's composition root wires them together.
 */

/** Image arithmetic. Every method has a WGSL kernel and a CPU twin that agree within 1/255. */
export interface PixelOps {
  readonly description: string;
  /** Lanczos-3 resize, alpha-aware; weights widen with the downscale factor. */
  resize<S extends 'image' | 'canvas'>(source: Raster8, target: Size<S>): Promise<Raster8<S>>;
  /** Crop, resample to `size` px square (no-op at 1:1) and normalise to [3,size,size] in [0,1], NCHW without N. */
  cropToNchw(canvas: Raster8<'canvas'>, area: Rect<'canvas'>, sizePx: number): Promise<FloatTensor>;
  /**
   * pixels + weight·gain·residual for each layer in turn, in place; `pixels` are those of `area` of the canvas, and of a
   * layer only what lies inside is done. Where a residual or weight is 0 the pixels keep their exact bytes.
   */
  pasteLayers(pixels: Raster8<'canvas'>, area: Rect<'canvas'>, pastes: readonly LayerPaste[]): Promise<void>;
  /** Mask of the whole picture -> coverage of one canvas area in canvas pixels, bilinear. */
  cropMask(mask: Mask<'image'>, canvas: Size<'canvas'>, area: Rect<'canvas'>): Promise<Field<'canvas'>>;
  /** Grow (+) or shrink (−) by a radius, then a smoothstep ramp of the given width: the blend's alpha. */
  featherMask(mask: Field<'canvas'>, growPx: number, featherPx: number): Promise<Field<'canvas'>>;
  /** The document's noise for a latent area: [channels,h,w], standard normal, a pure function of its address. */
  scaffoldNoise(spec: ScaffoldSpec, area: Rect<'latent'>, channels: number): Promise<FloatTensor>;
  /** The scaffold over `area` resampled to a `width`×`height` latent grid (exact at any rational ratio). */
  resampledNoise(
    spec: ScaffoldSpec,
    area: Rect<'latent'>,
    target: Size<'latent'>,
    channels: number,
  ): Promise<FloatTensor>;
}

/** VAE or TAESD. Latents are in the sampler's scale; pictures are [N,3,H,W] in [0,1]. */
export interface LatentCodec {
  readonly channels: number;
  encode(pixels: FloatTensor): Promise<FloatTensor>;
  decode(latents: FloatTensor): Promise<FloatTensor>;
}

/** SDXL text conditioning of one prompt: context [1,77·chunks,C], pooled [1,P]. */
export interface TextConditioning {
  readonly context: FloatTensor;
  readonly pooled: FloatTensor;
}

/** The text encoders of the image model. */
export interface PromptEncoder {
  encode(prompt: string, syntax: 'comfy' | 'a1111'): Promise<TextConditioning>;
  /** No prompt will come for a while: frees what is large. Encoding loads it again. */
  rest(): Promise<void>;
}

/** IP-Adapter tokens of an image: [1,tokens,C]. `unconditional` is the adapter's answer to a blank image. */
export interface AnchorEncoder {
  /** `image` is [3,H,W] in [0,1], square. */
  encode(image: FloatTensor): Promise<FloatTensor>;
  unconditional(): Promise<FloatTensor>;
  /**
   * What the vision tower sees in an image [3,H,W], as one vector to compare by cosine: the projected `image_embeds`
   * where the adapter reads those, else the mean of the penultimate layer's tokens.
   */
  embed(image: FloatTensor): Promise<Float32Array>;
  /** No image will come for a while: frees what is large. Encoding loads it again. */
  rest(): Promise<void>;
}

/** One item of a batch, as the denoiser sees it. */
export interface DenoiserItem {
  readonly positive: TextConditioning;
  readonly negative: TextConditioning;
  /** Null: no anchor for this item. */
  readonly anchor: FloatTensor | null;
  /** The adapter's tokens of a blank image, for the unconditional half under guidance; null with a null anchor. */
  readonly anchorNegative: FloatTensor | null;
  readonly anchorScale: number;
  readonly anchorPreset: AnchorPreset;
  /** Shares of the schedule, 0 to 1, between which the anchor acts; 0 is the noisiest end. */
  readonly anchorRange: { readonly start: number; readonly end: number };
  /** Size micro-conditioning in pixels: [origH, origW, cropTop, cropLeft, targetH, targetW]. */
  readonly sizeIds: readonly [number, number, number, number, number, number];
  /** For a denoiser that `inpaints`; null otherwise. */
  readonly inpaint: InpaintInput | null;
}

/** What an inpainting model reads beside the latents (spec/sdxl.md H). */
export interface InpaintInput {
  /** [1,h,w]: 1 where the latents are painted anew, 0 elsewhere. */
  readonly mask: FloatTensor;
  /** [C,h,w]: the picture with that part greyed out, in the sampler's scale. */
  readonly masked: FloatTensor;
}

/** Conditioning made once per batch (all cross-attention keys and values), then used for every step. */
export interface PreparedDenoiser {
  /**
   * denoised = model(x, sigma) with guidance, per-item sigma: x [N,C,h,w], sigmas [N] -> [N,C,h,w].
   * Items with sigma 0 are returned unchanged.
   */
  denoise(x: FloatTensor, sigmas: Float32Array): Promise<FloatTensor>;
  dispose(): void;
}

/** The image model: the UNet with what it was trained for. */
export interface Denoiser {
  readonly latentChannels: number;
  readonly supportsAnchor: boolean;
  /** An inpainting model: every item needs its `inpaint`. */
  readonly inpaints: boolean;
  /** The noise levels the weights were trained on, which sampling must follow. */
  readonly sigmas: SigmaTable;
  /** Rough peak bytes of one item's model call, to size batches with. */
  bytesPerItem(latent: Size<'latent'>): number;
  prepare(
    items: readonly DenoiserItem[],
    latent: Size<'latent'>,
    guidanceScale: number,
  ): Promise<PreparedDenoiser>;
}

/** SAM 3 over one picture whose features are kept. */
export interface EncodedImage {
  /** What the features take where they are. */
  readonly bytes: number;
  /** @param phrase empty: by the examples alone. */
  detect(phrase: string, threshold: number, options?: DetectOptions): Promise<RawAnswer>;
  /** @throws AppError `model-missing` where the model has no interactive predictor. */
  pick(question: PickQuestion): Promise<RawPick>;
  dispose(): void;
}

/** SAM 3, ready for pictures. */
export interface Segmenter {
  encodeImage(image: Raster8<'image'>): Promise<EncodedImage>;
}

/** Everything a job may use. Null means that no such model is loaded, which the job says aloud. */
export interface Services {
  readonly pixels: PixelOps;
  readonly segmenter: Segmenter | null;
  readonly codec: LatentCodec;
  readonly prompts: PromptEncoder;
  readonly anchors: AnchorEncoder | null;
  readonly denoiser: Denoiser;
  /** What the activations of one batch may take. The plan's word goes before it. */
  readonly batchBudgetBytes: number;
  /** The memory plan the networks were assembled by; absent where nothing was planned. */
  readonly plan?: ExecutionPlan;
  /**
   * Asks for services that take clearly less, after these ran out of memory with a single item; null: there are none.
   * Once it has answered, nothing of the old ones is used any more.
   */
  readonly stepDown?: (error: AppError) => Promise<Services | null>;
  /** What the user can do when there are none. A sentence. */
  readonly memoryAdvice?: Sentence;
}
