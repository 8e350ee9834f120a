import type { AppErrorCode } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type {
  Detection,
  DetectRequest,
  MaskRle,
  Recipe,
  RefineRequest,
  ScaffoldSpec,
} from '#domain/job/request.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';

/**
 * The contract between the page and the GPU worker. Types only: the page never imports worker code.
 * Calls that can fail as expected answer with a {@link Result} instead of throwing, because an error loses its
 * fields on the way through postMessage.
 */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { readonly code: AppErrorCode; readonly message: string } };

export type JobId = string;

/** Where the networks run and what is loaded, in words for the status bar. */
export interface RuntimeInfo {
  /** "WebGPU · NVIDIA GeForce RTX 4090" or "CPU (wasm, 2 threads): no GPU found, slower". */
  readonly networks: string;
  /** Where noise, resampling and blending run. */
  readonly kernels: string;
  /** True when a hardware GPU does the work. */
  readonly accelerated: boolean;
  readonly models: readonly ModelInfo[];
}

export type ModelRole = 'checkpoint' | 'autoencoder' | 'vision' | 'ip-adapter' | 'sam3' | 'unknown';

export interface ModelInfo {
  readonly role: ModelRole;
  /** File name. */
  readonly name: string;
  /** "SDXL checkpoint · UNet 2.6 B parameters, 4 latent channels". */
  readonly description: string;
  readonly bytes: number;
  readonly demo: boolean;
}

export interface OpenedImage {
  readonly name: string;
  readonly size: Size<'image'>;
  readonly sha256: string;
  /** The recipe found inside a PNG this studio exported; null for any other picture. */
  readonly recipe: Recipe | null;
  /** A1111 `parameters` text found in the file; null when there is none. */
  readonly parameters: string | null;
}

export interface DetectResult {
  readonly detections: readonly Detection[];
  /** sigmoid(presence) per concept id, also for concepts of which nothing was found. */
  readonly presence: Readonly<Record<string, number>>;
}

export interface RefineResult {
  readonly canvas: Size<'canvas'>;
  readonly elapsedMs: number;
  /** Share of the wall time spent outside the networks. */
  readonly overheadShare: number;
}

export interface RefinePlan {
  readonly canvas: Size<'canvas'>;
  readonly crops: number;
  readonly tiles: number;
  readonly modelCalls: number;
  /** From measured step times; null before the first run on this device. */
  readonly estimateMs: number | null;
}

/** What the canvas shows. All lengths are CSS pixels of the canvas element. */
export interface ViewState {
  readonly viewport: { readonly width: number; readonly height: number; readonly pixelRatio: number };
  /** screen = picture·scale + offset, where picture coordinates are pixels of the opened image. */
  readonly camera: { readonly scale: number; readonly x: number; readonly y: number };
  /** `refined` shows the result if there is one; `slider` splits at `split` (0..1 of the viewport width). */
  readonly compare: { readonly mode: 'refined' | 'original' | 'slider'; readonly split: number };
  readonly masksVisible: boolean;
}

/** One detection as drawn over the picture. */
export interface OverlayItem {
  readonly id: string;
  readonly mask: MaskRle;
  /** Degrees; one hue per concept. */
  readonly hue: number;
  /** Index of the hatch pattern, so that concepts differ without colour. */
  readonly pattern: number;
  readonly enabled: boolean;
  readonly selected: boolean;
}

/** Points in image pixels. The worker paints while the stroke is drawn and answers with the mask when it ends. */
export interface BrushStroke {
  readonly detectionId: string;
  readonly mode: 'add' | 'erase';
  readonly radiusPx: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** False while the pointer is down: paint only; true: also return the new mask and box. */
  readonly finished: boolean;
}

export interface PaintedMask {
  readonly mask: MaskRle;
  readonly box: Rect<'unit'>;
}

export interface ScaffoldStatistics {
  readonly mean: number;
  readonly std: number;
  /** Correlation with the right and the lower neighbour. */
  readonly lag1X: number;
  readonly lag1Y: number;
  readonly samples: number;
}

export interface ExportRequest {
  /** Names the export as a job, so that it can be stopped. */
  readonly job?: JobId;
  readonly request: RefineRequest;
  readonly includeMetadata: boolean;
}

export interface ExportedPng {
  readonly blob: Blob;
  readonly fileName: string;
  readonly size: Size<'canvas'>;
}

export interface StudioApi {
  /** Starts the backends and loads the demo pack's headers. Slow the first time (tens of MB of wasm). */
  start(canvas: OffscreenCanvas): Promise<Result<RuntimeInfo>>;
  setView(view: ViewState): Promise<void>;
  setOverlay(items: readonly OverlayItem[]): Promise<void>;
  openImage(file: Blob, name: string): Promise<Result<OpenedImage>>;
  detect(
    job: JobId,
    request: DetectRequest,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<DetectResult>>;
  paint(stroke: BrushStroke): Promise<Result<PaintedMask | null>>;
  plan(request: RefineRequest): Promise<Result<RefinePlan>>;
  refine(
    job: JobId,
    request: RefineRequest,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<RefineResult>>;
  /** Stops at the next step boundary. The canvas keeps every finished area. */
  cancel(job: JobId): Promise<void>;
  exportPng(request: ExportRequest): Promise<Result<ExportedPng>>;
  /** Reads a weight file's header, says what it is and uses it in its role from now on. */
  useModelFile(file: File): Promise<Result<RuntimeInfo>>;
  /** Goes back to the demo pack in every role. */
  useDemoPack(): Promise<Result<RuntimeInfo>>;
  scaffoldStatistics(spec: ScaffoldSpec, canvas: Size<'canvas'>): Promise<ScaffoldStatistics>;
}
