import type { ProxyMarked } from 'comlink';
import type { ConceptsApi } from './api-concepts.ts';
import type { LayersApi, RefineTarget } from './api-layers.ts';
import type { MasksApi } from './api-masks.ts';
import type { AppErrorCode } from '#domain/job/app-error.ts';
import type { SentenceData, Words } from '#domain/job/sentence.ts';
import type { Layer } from '#domain/document/layer.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { ModelRole, SingleRole } from '#domain/job/model-roles.ts';
import type {
  DetectRequest,
  FoundObject,
  MaskRle,
  RefineRequest,
  ScaffoldSpec,
} from '#domain/job/request.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { CarriedSettings } from '#domain/settings/found-settings.ts';

/**
 * The contract between the page and the GPU worker. Types only: the page never imports worker code.
 * Calls that can fail as expected answer with a {@link Result} instead of throwing, because an error loses its
 * fields on the way through postMessage.
 */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Failure };

/** An {@link AppError} as plain data. */
export interface Failure {
  readonly code: AppErrorCode;
  /** English. */
  readonly message: string;
  /** The same where values were put into it, to be said in another language. */
  readonly sentence?: SentenceData;
}

export type { ModelRole, SingleRole };

export type JobId = string;

/** Where the networks run and what is loaded, in words for the status bar. */
export interface RuntimeInfo {
  /** "WebGPU · NVIDIA GeForce RTX 4090" or "CPU (wasm, 2 threads): no GPU found, slower". */
  readonly networks: Words;
  /** Where noise, resampling and blending run. */
  readonly kernels: string;
  /** True when a hardware GPU does the work. */
  readonly accelerated: boolean;
  readonly models: readonly ModelInfo[];
}

export interface ModelInfo {
  readonly role: ModelRole;
  /** File name. */
  readonly name: string;
  /** "SDXL checkpoint · UNet 2.6 B parameters, 4 latent channels". */
  readonly description: Words;
  readonly bytes: number;
  readonly demo: boolean;
  /** Of a LoRA. */
  readonly strength?: number;
  /** Of a checkpoint, as {@link LibraryEntry.family}: settings nobody touched follow it. */
  readonly family?: PresetFamily | null;
}

/** One weight file the studio knows, wherever it lies. */
export interface LibraryEntry {
  /** Stable between visits for linked and imported files. */
  readonly id: string;
  readonly name: string;
  /** Folder inside its origin, "checkpoints/sdxl"; empty at the top. */
  readonly folder: string;
  readonly origin: 'demo' | 'file' | 'linked' | 'imported';
  readonly bytes: number;
  /** Of an offline copy: the entry it was made from. */
  readonly copyOf?: string | null;
  /** The roles it can play: a complete checkpoint also gives its text encoders and autoencoder. */
  readonly gives: readonly ModelRole[];
  /** Roles that other files must fill when this one is the checkpoint. */
  readonly needs: readonly SingleRole[];
  readonly usable: boolean;
  /** What it is; for files that cannot be used why, and what to do. */
  readonly sentence: Words;
  /** How it was trained, as far as metadata and name tell: chooses the offered preset. */
  readonly family: PresetFamily | null;
  /** What the catalogue knows about it, once its hash or its size and structure matched. */
  readonly known: { readonly title: string; readonly licence: string; readonly source: string } | null;
}

export type PresetFamily = 'sdxl' | 'pony' | 'illustrious' | 'lightning' | 'turbo' | 'lcm' | 'hyper';

export interface LinkedFolder {
  readonly id: string;
  readonly name: string;
  /** `prompt`: the browser wants the user's consent once per visit; the page asks it with `handle`. */
  readonly permission: 'granted' | 'prompt' | 'denied';
  readonly handle: FileSystemDirectoryHandle;
  /** "ComfyUI", "Stable Diffusion web UI (A1111)", "folder". */
  readonly layout: string;
  readonly files: number;
  /** Sentences about what could not be followed, e.g. a path of extra_model_paths.yaml outside this folder. */
  readonly notices: readonly Words[];
}

/** One file the catalogue can fetch, with what the user should know before. */
export interface CatalogueItem {
  readonly id: string;
  readonly title: string;
  /** The roles it can play; empty for what the studio does not use yet. */
  readonly roles: readonly ModelRole[];
  readonly fileName: string;
  /** Null where the source does not say. */
  readonly bytes: number | null;
  readonly licence: { readonly name: string; readonly url: string };
  /** The hub wants an access token and the licence accepted there. */
  readonly gated: boolean;
  /** Page of the model, https. */
  readonly source: string;
  /** False where it has to be downloaded from its page by hand. */
  readonly fetchable: boolean;
  /** Whether this version of the studio can run it. */
  readonly usable: boolean;
  /** The library entry that is this file, when it is there already. */
  readonly entryId: string | null;
}

export interface LoraChoice {
  readonly id: string;
  /** Multiplies the LoRA's own scale; negative takes away. */
  readonly strength: number;
}

export interface ModelSelection {
  /** Entry id by role; null: nothing, or for parts of a complete checkpoint the checkpoint's own. */
  readonly roles: Readonly<Record<SingleRole, string | null>>;
  readonly loras: readonly LoraChoice[];
  /** What the UNet predicts; `auto` follows the file's marker keys. */
  readonly prediction: 'auto' | 'eps' | 'v';
}

/** Networks on the device now. */
export interface ResidentModel {
  readonly role: ModelRole;
  readonly bytes: number;
  /** Since it last ran. */
  readonly idleMs: number;
}

/** Everything the Models view shows. Sent anew whenever any of it changes. */
export interface ModelsState {
  readonly entries: readonly LibraryEntry[];
  readonly folders: readonly LinkedFolder[];
  /** What can be fetched, in the order it should be shown. */
  readonly catalogue: readonly CatalogueItem[];
  readonly selection: ModelSelection;
  /** What the next run uses: also changes without a wish of the user's, when a folder can be read again or goes. */
  readonly runtime: RuntimeInfo;
  /** Roles that stay empty with this selection, and what that means or what to do. */
  readonly missing: readonly {
    readonly role: SingleRole;
    readonly required: boolean;
    readonly sentence: Words;
  }[];
  /** LoRA keys that match nothing in the present checkpoint, by entry id. */
  readonly unmatched: Readonly<Record<string, readonly string[]>>;
  readonly resident: readonly ResidentModel[];
  /** Minutes after which an unused network leaves the device; null: never. */
  readonly keepMinutes: number | null;
  readonly memory: MemoryState;
  /** Copies that were interrupted. Starting them again goes on; until then they take up room. */
  readonly unfinished: readonly UnfinishedCopy[];
  /** What the browser says about its storage: protected from eviction, and used. */
  readonly storage: { readonly persistent: boolean; readonly usedBytes: number };
}

/** The memory plan in plain words. */
export interface MemoryState {
  /** What the user allows, or our guess for this adapter. */
  readonly budgetBytes: number;
  readonly guessed: boolean;
  /** Peak of the whole job under the plan; null while no complete set of models is chosen. */
  readonly peakBytes: number | null;
  /** One line per phase: "Re-painting: 5.2 GB of weights, 0.7 GB per crop, 4 crops at once". */
  readonly phases: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sentence: SentenceData;
  }[];
  /** Why it cannot run, and the nearest thing that fits; null when it can. */
  readonly refusal: SentenceData | null;
}

export interface UnfinishedCopy {
  readonly id: string;
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** An import or a download on its way. */
export interface TransferEvent {
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number | null;
  readonly remainingMs: number | null;
  /** "copying", "checking", "waiting for the network". */
  readonly stage: string;
}

export interface DownloadRequest {
  /** Id of a catalogue entry. */
  readonly catalogueId: string;
  /** Access token for gated files; kept nowhere. */
  readonly token: string | null;
  /** The user has seen and accepted the licence named in the catalogue. */
  readonly licenceAccepted: boolean;
}

export interface OpenedImage {
  readonly name: string;
  readonly size: Size<'image'>;
  readonly sha256: string;
  /** Settings found in the file, ours or another tool's. */
  readonly carried: CarriedSettings | null;
}

export interface DetectResult {
  /** By concept, then falling score; also those below the concept's threshold, down to a floor. */
  readonly found: readonly FoundObject[];
  /** sigmoid(presence) per concept id, also for concepts of which nothing was found. */
  readonly presence: Readonly<Record<string, number>>;
  /** As much as was looked for of phrases that are longer than the model can read, per concept id. */
  readonly readAs: Readonly<Record<string, string>>;
}

export interface RefinePlan {
  readonly canvas: Size<'canvas'>;
  readonly crops: number;
  readonly tiles: number;
  readonly modelCalls: number;
  /** From measured step times; null before the first run on this device. */
  readonly estimateMs: number | null;
  readonly memory: MemoryState;
}

/** What the canvas shows. All lengths are CSS pixels of the canvas element. */
export interface ViewState {
  readonly viewport: { readonly width: number; readonly height: number; readonly pixelRatio: number };
  /** screen = picture·scale + offset, where picture coordinates are pixels of the opened image. */
  readonly camera: { readonly scale: number; readonly x: number; readonly y: number };
  readonly compare: {
    /**
     * `refined` shows the result if there is one; `slider` splits at `split`, `side` shows both beside each other (on
     * a tall viewport one above the other), `difference` how far each pixel is from the original.
     */
    readonly mode: 'refined' | 'original' | 'slider' | 'side' | 'difference';
    /** 0..1 of the viewport width. */
    readonly split: number;
    /** Exchanges the sides of `slider`, `side` and the loupe. */
    readonly swapped: boolean;
    /** Multiplies differences before they are coloured. */
    readonly gain: number;
  };
  readonly masksVisible: boolean;
  /** Everything outside the selected mask under a red veil, or, with none selected, outside all that are ticked. */
  readonly quickMask: boolean;
  /** CSS colour around the picture; the dark theme's without it. */
  readonly backdrop?: string;
  readonly loupe: LoupeView | null;
}

/** A square that shows a place of the picture larger, or two that show it of original and result. */
export interface LoupeView {
  /** Picture pixel in the middle of each. */
  readonly at: { readonly x: number; readonly y: number };
  /** Corner of the first square; the second follows on its right after `gap`. CSS pixels. */
  readonly left: number;
  readonly top: number;
  readonly side: number;
  readonly gap: number;
  /** Times the camera's scale. */
  readonly zoom: number;
  readonly glasses: 1 | 2;
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

/** Points in image pixels. The viewer worker paints while the stroke is drawn and answers with the mask when it ends. */
export interface BrushStroke {
  readonly detectionId: string;
  readonly mode: 'add' | 'erase';
  readonly radiusPx: number;
  /** 0 to 1, share of the radius that is full; 1 when left out. */
  readonly hardness?: number;
  /** 0 to 1; 1 when left out. */
  readonly opacity?: number;
  readonly points: readonly { readonly x: number; readonly y: number; readonly pressure?: number }[];
  /** A mask that is not part of the document yet: the size of its grid, and how it is drawn meanwhile. */
  readonly fresh?: Size<'image'> & Pick<OverlayItem, 'hue' | 'pattern'>;
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
  /** The stack whose fold is exported; empty: the plain upscale. */
  readonly layers: readonly Layer[];
  readonly includeMetadata: boolean;
}

export interface ExportedPng {
  readonly blob: Blob;
  readonly fileName: string;
  readonly size: Size<'canvas'>;
}

/** The Models view's side of the contract, called as `api.models.linkFolder(…)`. */
export interface ModelsApi extends ProxyMarked {
  /** Reads a weight file's header, says what it is and uses it in its role from now on. */
  useModelFile(file: File): Promise<Result<RuntimeInfo>>;
  /** Goes back to the demo pack in every role. */
  useDemoPack(): Promise<Result<RuntimeInfo>>;
  /** Calls back at once and after every change of the library, the selection or what is on the device. */
  watchModels(onChange: (state: ModelsState) => void): Promise<void>;
  /** Remembers a folder and recognises the weight files in it, in place. Folders linked before are scanned at start. */
  linkFolder(handle: FileSystemDirectoryHandle): Promise<Result<LinkedFolder>>;
  /** Scans a folder again, e.g. after the page was granted permission. */
  scanFolder(folderId: string): Promise<Result<LinkedFolder>>;
  unlinkFolder(folderId: string): Promise<Result<null>>;
  /**
   * Lists weight files for this session without using them: the way for a folder in browsers that cannot link one.
   * `path` is the file's place inside the chosen folder, "models/loras/x.safetensors".
   */
  addFiles(files: readonly { readonly file: File; readonly path: string }[]): Promise<Result<null>>;
  /** Fills a role, or with null empties it. Choosing a checkpoint lets go of parts that do not fit it. */
  selectModel(role: SingleRole, entryId: string | null): Promise<Result<RuntimeInfo>>;
  setLoras(loras: readonly LoraChoice[]): Promise<Result<RuntimeInfo>>;
  setPrediction(prediction: ModelSelection['prediction']): Promise<Result<RuntimeInfo>>;
  /** Copies a linked or chosen file into the browser's own storage; a repeated call resumes. */
  importModel(
    job: JobId,
    entryId: string,
    onTransfer: (event: TransferEvent) => void,
  ): Promise<Result<LibraryEntry>>;
  /** Fetches a catalogue file into the browser's own storage; a repeated call resumes. */
  downloadModel(
    job: JobId,
    request: DownloadRequest,
    onTransfer: (event: TransferEvent) => void,
  ): Promise<Result<LibraryEntry>>;
  /** Deletes an imported copy. Linked files are never touched. */
  deleteImported(entryId: string): Promise<Result<null>>;
  discardUnfinished(id: string): Promise<Result<null>>;
  /** Takes networks off the device; they come back when next needed. */
  unload(role: ModelRole | 'all'): Promise<Result<null>>;
  setKeepMinutes(minutes: number | null): Promise<void>;
  /** What the studio may take of the GPU's memory; null: our guess. */
  setMemoryBudget(bytes: number | null): Promise<Result<null>>;
}

export interface StudioApi {
  readonly models: ModelsApi;
  readonly concepts: ConceptsApi;
  readonly layers: LayersApi;
  readonly masks: MasksApi;
  /**
   * Starts the backends and loads the demo pack's headers. Slow the first time (tens of MB of wasm).
   * @param viewer where pixels to be shown are sent: the viewer worker's port (`api-viewer.ts`).
   * @param session the page's (`src/app/page-session.ts`): layers' pixels stay while it lasts, whichever worker painted them.
   */
  start(viewer: MessagePort, session: string): Promise<Result<RuntimeInfo>>;
  openImage(file: Blob, name: string): Promise<Result<OpenedImage>>;
  /** Settings a picture's file carries; the open document stays. Null for any other file. */
  settingsIn(file: Blob): Promise<Result<CarriedSettings | null>>;
  detect(
    job: JobId,
    request: DetectRequest,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<DetectResult>>;
  /** What a run of these parts of the request would do and cost. */
  plan(request: RefineRequest, target: RefineTarget): Promise<Result<RefinePlan>>;
  /** Stops at the next step boundary. The canvas keeps every finished area. */
  cancel(job: JobId): Promise<void>;
  exportPng(request: ExportRequest): Promise<Result<ExportedPng>>;
  scaffoldStatistics(spec: ScaffoldSpec, canvas: Size<'canvas'>): Promise<ScaffoldStatistics>;
}
