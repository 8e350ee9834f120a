import { LATENT_PX, type Size } from '../geometry/rect.ts';
import { snapNearest } from '../geometry/snap.ts';
import { detailSettings, type PaintSettings } from '../job/detail-settings.ts';
import type {
  ConceptSpec,
  Detection,
  MaskRle,
  RefineRequest,
  SamplingSpec,
  ScaffoldSpec,
} from '../job/request.ts';
import { maskDigest } from '../mask/digest.ts';
import { tileGrid } from '../tiling/grid.ts';
import type { Layer, LayerRecipe } from './layer.ts';
import { Sight } from './seen.ts';

/** Why a layer is no longer what a run would paint now. */
export type StaleReason = 'mask' | 'prompt' | 'settings' | 'below' | 'canvas';

/**
 * The stale layers of a stack by id, with what has changed about each since it was painted: its detection's mask; its
 * prompts; denoise, anchor, sampling, scaffold or tile grid; what it saw below; the size of the canvas. Its
 * region of the scaffold is a choice and no change. Layers whose detection is gone, and merged ones, have nothing to be
 * compared with but what they lie on. Nothing is ever painted again because of this: the user decides.
 */
export function staleLayers(
  request: RefineRequest,
  layers: readonly Layer[],
): ReadonlyMap<string, readonly StaleReason[]> {
  const wanted = indexed(request);
  const sight = new Sight(layers);
  const entries = layers.map((layer, i) => [layer.id, reasonsOf(wanted, sight, i, layer)] as const);
  return new Map(entries.filter(([, reasons]) => reasons.length > 0));
}

/** A request whose parts are found by id: stacks are looked through anew with every step of a drag. */
interface Indexed {
  readonly request: RefineRequest;
  readonly detections: ReadonlyMap<string, Detection>;
  readonly concepts: ReadonlyMap<string, ConceptSpec>;
}

function indexed(request: RefineRequest): Indexed {
  return {
    request,
    detections: new Map(request.detections.map((detection) => [detection.id, detection])),
    concepts: new Map(request.concepts.map((concept) => [concept.id, concept])),
  };
}

function reasonsOf(wanted: Indexed, sight: Sight, position: number, layer: Layer): readonly StaleReason[] {
  const { request, detections } = wanted;
  const reasons: StaleReason[] = [];
  const detection = detections.get(layer.origin.detectionId ?? '');
  if (detection && !isOf(detection.mask, layer.origin.mask)) reasons.push('mask');
  const settings = settingsNow(wanted, detection, layer);
  if (settings) reasons.push(...settingReasons(settings, request, layer));
  if (layer.weight.kind !== 'whole' && !sight.isAsPainted(position)) reasons.push('below');
  if (Math.max(layer.canvas.width, layer.canvas.height) !== canvasSide(request)) reasons.push('canvas');
  return reasons;
}

function settingsNow(
  { request, concepts }: Indexed,
  detection: Detection | undefined,
  { weight }: Layer,
): PaintSettings | null {
  if (weight.kind === 'tile') return request.global;
  const concept = concepts.get(detection?.conceptId ?? '');
  return detection && concept ? detailSettings(detection, concept) : null;
}

function settingReasons(
  now: PaintSettings,
  request: RefineRequest,
  { pixels, weight, canvas }: Layer,
): StaleReason[] {
  const { recipe } = pixels;
  const reasons: StaleReason[] = [];
  if (now.prompt !== recipe.prompt || now.negative !== recipe.negative) reasons.push('prompt');
  const sameStrengths = now.denoise === recipe.denoise && now.anchorScale === recipe.anchorScale;
  if (!sameStrengths || !sameNoise(request, recipe) || !sameTiles(request, weight, canvas))
    reasons.push('settings');
  return reasons;
}

function sameNoise(request: RefineRequest, recipe: LayerRecipe): boolean {
  return sameSampling(request.sampling, recipe.sampling) && sameScaffold(request.scaffold, recipe.scaffold);
}

function sameSampling(a: SamplingSpec, b: SamplingSpec): boolean {
  const { sampler, scheduler, steps, guidanceScale } = a;
  const same = sampler === b.sampler && scheduler === b.scheduler;
  return same && steps === b.steps && guidanceScale === b.guidanceScale;
}

function sameScaffold(a: ScaffoldSpec, b: ScaffoldSpec): boolean {
  return a.seed === b.seed && a.levels === b.levels && a.discount === b.discount;
}

function sameTiles(request: RefineRequest, weight: Layer['weight'], canvas: Size<'canvas'>): boolean {
  if (weight.kind !== 'tile') return true;
  const { tilePx, overlapPx } = tileGrid(request.global, canvas);
  return weight.tilePx === tilePx && weight.overlapPx === overlapPx;
}

/** Whether a layer was painted for this mask. */
function isOf(mask: MaskRle, painted: MaskRle | null): boolean {
  return mask === painted || (painted !== null && maskDigest(mask) === maskDigest(painted));
}

/** Long side of the canvas a request asks for, as `planCanvas` snaps it. */
function canvasSide({ output }: RefineRequest): number {
  return Math.max(LATENT_PX, snapNearest(output.canvasLongSidePx, LATENT_PX));
}
