import type { ProxyMarked } from 'comlink';
import type { Layer } from '#domain/document/layer.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { MaskRle, RefineRequest } from '#domain/job/request.ts';
import type { ExportedPng, Result } from './api.ts';

/** A mask with what it shows: a COCO category, a concept's phrase. */
export interface NamedMask {
  /** Empty when nothing is known. */
  readonly name: string;
  readonly mask: MaskRle;
  /** How well a detector scored it, 0 to 1; missing where nobody did. */
  readonly score?: number | undefined;
}

/** Masks found in a file, in their own size. */
export interface MaskFile {
  readonly masks: readonly NamedMask[];
  /** Nearly everything is black, white or transparent: whoever made the picture meant a mask. */
  readonly looksLikeMask: boolean;
}

export interface CutOutRequest {
  readonly request: RefineRequest;
  /** The stack whose fold is cut. */
  readonly layers: readonly Layer[];
  readonly detectionId: string;
  /** "#rrggbb" behind what is cut out; null: transparent. */
  readonly background: string | null;
}

/** Masks as files, called as `api.masks.read(…)`. */
export interface MasksApi extends ProxyMarked {
  /** Masks in a picture, or in a JSON file with COCO segmentations. The open picture is not needed for it. */
  read(file: Blob, name: string): Promise<Result<MaskFile>>;
  /** A mask as a greyscale PNG of this size, nearest neighbour. */
  png(mask: MaskRle, size: Size<'image'>): Promise<Result<Blob>>;
  /** Masks as a COCO data set of one picture. */
  coco(masks: readonly NamedMask[], picture: Size<'image'>): Promise<Result<Blob>>;
  /** A detection cut out of the canvas along its blend's soft edge, as large as that is. */
  cutOut(request: CutOutRequest): Promise<Result<ExportedPng>>;
}
