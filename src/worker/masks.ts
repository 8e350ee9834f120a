import { proxyMarker } from 'comlink';
import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { detailEdge } from '#domain/job/detail-settings.ts';
import type { MaskRle, RefineRequest } from '#domain/job/request.ts';
import { resizeRle } from '#domain/mask/rle-algebra.ts';
import type { Raster8 } from '#domain/raster.ts';
import { cocoDataSet, readCocoMasks } from '#formats/coco-annotations.ts';
import { encodeMaskPng, maskOfPicture } from '#formats/mask-png.ts';
import { encodePng } from '#formats/png/encode.ts';
import { colourOf, cutOut, type CutEdge } from '#pipelines/cut-out.ts';
import type { CutOutRequest, MaskFile, MasksApi, NamedMask } from './api-masks.ts';
import type { ExportedPng, Result } from './api.ts';
import type { Backend } from './backend.ts';
import type { Document } from './document.ts';
import { asResult } from './jobs.ts';
import { decodePicture } from './picture.ts';
import { checkedRequest } from './refine-request.ts';
import { exportName, shownPicture } from './shown-picture.ts';

/** What files of masks need of the studio. */
export interface MasksHost {
  /** @throws AppError when no picture is open. */
  opened(): Document;
  ready(): Backend;
  /** What a run starting now is made of. */
  made(document: Document, request: RefineRequest): NonNullable<Document['ran']>;
}

/** Masks as files: reading, writing, cutting out. */
export class StudioMasks implements MasksApi {
  /** Comlink calls its methods where it is instead of copying it. */
  readonly [proxyMarker] = true;
  readonly #host: MasksHost;

  constructor(host: MasksHost) {
    this.#host = host;
  }

  read(file: Blob, name: string): Promise<Result<MaskFile>> {
    return asResult(async () => {
      if (/\.json$/i.test(name) || file.type === 'application/json')
        return { masks: readCocoMasks(await file.text(), name), looksLikeMask: true };
      const { raster } = await decodePicture(file, name);
      const mask = maskOfPicture(raster);
      return { masks: [{ name: '', mask }], looksLikeMask: looksLikeMask(raster) };
    });
  }

  png(mask: MaskRle, { width, height }: Size<'image'>): Promise<Result<Blob>> {
    return asResult(() => encodeMaskPng(resizeRle(mask, width, height)));
  }

  coco(masks: readonly NamedMask[], picture: Size<'image'>): Promise<Result<Blob>> {
    return asResult(() => {
      const sized = masks.map(({ name, mask, score }) => ({
        name,
        score,
        mask: resizeRle(mask, picture.width, picture.height),
      }));
      const text = JSON.stringify(cocoDataSet(sized, picture));
      return Promise.resolve(new Blob([text], { type: 'application/json' }));
    });
  }

  cutOut({ request, layers, detectionId, background }: CutOutRequest): Promise<Result<ExportedPng>> {
    return asResult(async () => {
      const opened = this.#host.opened();
      const checked = checkedRequest(request);
      const { pixels } = this.#host.ready();
      const edge = edgeOf(checked, detectionId);
      const colour = background === null ? null : colourOf(background);
      const { canvas } = await shownPicture(opened, layers, this.#host.made(opened, checked), pixels);
      const cut = await cutOut(canvas, edge, colour, pixels);
      const size = { width: cut.width, height: cut.height };
      return { blob: await encodePng(cut), fileName: cutOutName(opened.name, size), size };
    });
  }
}

function edgeOf({ concepts, detections, detail }: RefineRequest, detectionId: string): CutEdge {
  const detection = detections.find(({ id }) => id === detectionId);
  if (!detection) throw new AppError('bad-request', 'The detection to cut out is gone.');
  const concept = concepts.find(({ id }) => id === detection.conceptId);
  return { mask: detection.mask, ...detailEdge(detection, concept, detail) };
}

function cutOutName(name: string, size: Size<'canvas'>): string {
  return exportName(name, size).replace('-luna-', '-cut-out-');
}

/** Pixels looked at: enough to tell, quick on any picture. */
const SAMPLES = 20_000;
/** Of a mask nearly all pixels are at the ends; edges may be soft. */
const MASK_SHARE = 0.9;

/** Greys, almost all of them black or white. */
export function looksLikeMask({ data }: Raster8<'image'>): boolean {
  const step = 4 * Math.max(1, Math.floor(data.length / 4 / SAMPLES));
  let [count, ends, grey] = [0, 0, 0];
  for (let i = 0; i < data.length; i += step, count++) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]] as [number, number, number];
    if (Math.max(r, g, b) - Math.min(r, g, b) <= 8) grey++;
    if (Math.max(r, g, b) < 16 || Math.min(r, g, b) > 239) ends++;
  }
  return grey === count && ends > MASK_SHARE * count;
}
