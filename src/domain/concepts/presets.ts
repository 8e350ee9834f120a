import type { ConceptSpec } from '../job/request.ts';
import { conceptFrom, type ConceptPatch } from './concept-from.ts';

/** Presets the studio comes with; their words are the page's. */
export const PRESET_IDS = ['portrait', 'hands', 'full-body', 'product', 'landscape', 'anime'] as const;
export type PresetId = (typeof PRESET_IDS)[number];

/** Small parts are told apart by how much of the smaller mask is covered: an eye in both eyes' mask is one eye twice. */
const PART_DUPLICATES = { measure: 'iom', limit: 0.7 } as const;

/** Found only inside its parent, painted after it, a little beyond its outline. */
function part(id: string, phrase: string, partOf: string, patch: ConceptPatch): ConceptSpec {
  const { rules, ...more } = patch;
  return conceptFrom(id, phrase, {
    layer: 1,
    denoise: 0.3,
    ...more,
    rules: {
      duplicates: PART_DUPLICATES,
      order: 'left-to-right',
      ...rules,
      partOf,
      mask: { growPx: 4, ...rules?.mask },
    },
  });
}

/** A large area painted lightly: it gives way to what stands in front of it and keeps its look. */
function area(id: string, phrase: string, patch: ConceptPatch = {}): ConceptSpec {
  return conceptFrom(id, phrase, {
    denoise: 0.2,
    anchorScale: 0.7,
    maxObjects: 4,
    ...patch,
    rules: {
      minArea: 0.01,
      order: 'area',
      ...patch.rules,
      mask: { fillHolesPx: 400, specksPx: 400, ...patch.rules?.mask },
    },
  });
}

const PORTRAIT: readonly ConceptSpec[] = [
  conceptFrom('face', 'face', {
    prompt: 'face, natural skin texture, sharp focus',
    maxObjects: 4,
    rules: { minArea: 0.001, mask: { fillHolesPx: 400, parts: 'largest' } },
  }),
  area('hair', 'hair', { prompt: 'detailed hair strands', rules: { exclude: ['face'], giveWay: true } }),
  part('eyes', 'eye', 'face', { prompt: 'detailed eye, sharp iris, round pupil' }),
  part('mouth', 'mouth', 'face', { prompt: 'lips, natural teeth' }),
];

const HANDS: readonly ConceptSpec[] = [
  conceptFrom('hands', 'hand', {
    prompt: 'hand with five fingers, natural pose',
    negative: 'extra fingers, missing fingers, fused fingers',
    denoise: 0.4,
    rules: { order: 'left-to-right', mask: { growPx: 6, specksPx: 100 } },
  }),
  part('nails', 'fingernail', 'hands', { maxObjects: 20, threshold: 0.4, prompt: 'neat fingernail' }),
  part('rings', 'ring', 'hands', { prompt: 'detailed ring, polished metal' }),
];

const FULL_BODY: readonly ConceptSpec[] = [
  conceptFrom('person', 'person', {
    prompt: 'person, natural anatomy',
    denoise: 0.25,
    anchorScale: 0.7,
    maxObjects: 4,
    rules: { minArea: 0.01, mask: { fillHolesPx: 400, specksPx: 400 } },
  }),
  part('clothes', 'clothing', 'person', { prompt: 'detailed fabric, clean seams' }),
  part('shoes', 'shoe', 'person', { rules: { giveWay: true } }),
  part('face', 'face', 'person', {
    layer: 2,
    denoise: 0.35,
    prompt: 'face, natural skin texture, sharp focus',
  }),
  part('hands', 'hand', 'person', {
    layer: 2,
    denoise: 0.4,
    prompt: 'hand with five fingers, natural pose',
    negative: 'extra fingers, missing fingers, fused fingers',
  }),
  part('eyes', 'eye', 'face', { layer: 3, prompt: 'detailed eye, sharp iris, round pupil' }),
];

const PRODUCT: readonly ConceptSpec[] = [
  // Never painted (strength 0): letters do not survive painting, so they are cut out of everything else.
  conceptFrom('lettering', 'text', {
    denoise: 0,
    threshold: 0.4,
    maxObjects: 50,
    rules: { mask: { growPx: 4 } },
  }),
  conceptFrom('product', 'product', {
    prompt: 'product photograph, clean edges, accurate material',
    selection: 'largest',
    denoise: 0.2,
    anchorScale: 0.8,
    rules: { minArea: 0.02, exclude: ['lettering'], mask: { fillHolesPx: 400, specksPx: 400 } },
  }),
  part('metal', 'metal part', 'product', {
    prompt: 'brushed metal, crisp reflections',
    denoise: 0.25,
    rules: { exclude: ['lettering'] },
  }),
  part('glass', 'glass', 'product', {
    prompt: 'clear glass, crisp reflections',
    denoise: 0.25,
    rules: { exclude: ['lettering'] },
  }),
];

const LANDSCAPE: readonly ConceptSpec[] = [
  area('buildings', 'building', { layer: 1, denoise: 0.25, maxObjects: 12, prompt: 'detailed architecture' }),
  area('trees', 'tree', { maxObjects: 12, denoise: 0.3, prompt: 'detailed foliage' }),
  area('water', 'water', { prompt: 'natural water surface', rules: { giveWay: true } }),
  area('mountains', 'mountain', { prompt: 'detailed rock texture', rules: { giveWay: true } }),
  area('ground', 'grass', { prompt: 'detailed grass', rules: { giveWay: true } }),
  area('sky', 'sky', {
    denoise: 0.15,
    maxObjects: 1,
    prompt: 'clean sky, smooth gradient',
    rules: { giveWay: true, exclude: ['buildings'] },
  }),
];

const ANIME: readonly ConceptSpec[] = [
  conceptFrom('face', 'face', {
    prompt: 'anime face, clean line art',
    denoise: 0.4,
    maxObjects: 4,
    rules: { minArea: 0.001, mask: { fillHolesPx: 400, growPx: 6, parts: 'largest' } },
  }),
  area('hair', 'hair', {
    denoise: 0.3,
    prompt: 'anime hair, clean strands',
    rules: { exclude: ['face'], giveWay: true },
  }),
  part('eyes', 'eye', 'face', { denoise: 0.4, prompt: 'detailed anime eye, bright iris' }),
  conceptFrom('hands', 'hand', {
    layer: 2,
    denoise: 0.45,
    prompt: 'anime hand, five fingers',
    negative: 'extra fingers, missing fingers, fused fingers',
    rules: { order: 'left-to-right', mask: { growPx: 6 } },
  }),
];

/**
 * Sets of concepts for common pictures. Ids are unique within a set and say what a part belongs to; a document takes them
 * through adoptConcepts.
 */
export const PRESETS: Readonly<Record<PresetId, readonly ConceptSpec[]>> = {
  portrait: PORTRAIT,
  hands: HANDS,
  'full-body': FULL_BODY,
  product: PRODUCT,
  landscape: LANDSCAPE,
  anime: ANIME,
};
