import { DEFAULTS } from '#app/defaults.ts';
import type { DocumentCommand } from '#domain/document/commands.ts';
import type { Layer, WeightShare } from '#domain/document/layer.ts';
import type { Candidate, DocumentState } from '#domain/document/state.ts';
import { rect, size } from '#domain/geometry/rect.ts';
import type { ConceptSpec, MaskRle } from '#domain/job/request.ts';

/** A small seeded generator (mulberry32), so that a failing run can be repeated. */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
const pick = <T>(items: readonly T[], random: Random): T | undefined =>
  items[Math.floor(random() * items.length)];
let made = 0;
const freshId = (kind: string) => `${kind}-${++made}`;

export function anyMask(random: Random, side = 16): MaskRle {
  const cells = Array.from({ length: side * side }, () => random() < 0.4);
  const runs: number[] = [];
  let inside = false;
  let run = 0;
  for (const cell of cells) {
    if (cell !== inside) {
      runs.push(run);
      run = 0;
      inside = cell;
    }
    run++;
  }
  runs.push(run);
  return { width: side, height: side, runs };
}

export function concept(id: string, phrase: string): ConceptSpec {
  return { id, ...DEFAULTS.concept, phrase };
}

export function candidate(conceptId: string, random: Random): Candidate {
  return {
    id: freshId('detection'),
    conceptId,
    origin: 'phrase',
    mask: anyMask(random),
    edits: null,
    frame: null,
    score: random(),
    presence: 0.9,
    tick: null,
    rules: null,
    baked: false,
    own: {},
  };
}

function maskWeight(random: Random): WeightShare['weight'] {
  return { kind: 'mask', mask: anyMask(random), growPx: 0, featherPx: 4 };
}

function share(random: Random): WeightShare {
  const weight = maskWeight(random);
  return {
    group: 'run',
    area: rect(8, 8, 16, 16),
    weight,
    opacity: random(),
    paintings: [freshId('pixels')],
  };
}

export function layer(random: Random): Layer {
  const { sampling, scaffold } = DEFAULTS.parameters;
  const pixels = {
    id: freshId('pixels'),
    similarity: null,
    recipe: {
      prompt: 'face',
      negative: '',
      denoise: 0.3,
      anchorScale: 0.5,
      sampling,
      scaffold,
      region: 0,
      model: 'demo',
    },
  };
  return {
    id: freshId('layer'),
    name: 'face 1',
    group: 'run',
    area: rect(0, 0, 64, 64),
    canvas: size(128, 128),
    weight: random() < 0.8 ? maskWeight(random) : { kind: 'whole', shares: [share(random)] },
    visible: true,
    locked: false,
    opacity: 1,
    strength: 1,
    pixels,
    variations: [pixels],
    origin: { detectionId: null, mask: null, below: [] },
  };
}

export function startDocument(): DocumentState {
  return {
    concepts: [concept('concept-1', 'face')],
    candidates: [],
    presence: {},
    parameters: DEFAULTS.parameters,
    layers: [],
  };
}

/** A command of any kind that fits the document, now and then one whose target does not exist. */
export function anyCommand(state: DocumentState, random: Random): DocumentCommand {
  const someConcept = pick(state.concepts, random)?.id ?? 'nobody';
  const someCandidate = pick(state.candidates, random)?.id ?? 'nobody';
  const someLayer = pick(state.layers, random)?.id ?? 'nobody';
  const choices: readonly (() => DocumentCommand)[] = [
    () => ({ type: 'add-concept', concept: concept(freshId('concept'), 'hand') }),
    () => ({ type: 'update-concept', id: someConcept, patch: { denoise: random(), phrase: `p${random()}` } }),
    () => ({ type: 'move-concept', id: someConcept, to: Math.floor(random() * 6) }),
    () =>
      state.concepts.length > 4
        ? { type: 'remove-concept', id: someConcept }
        : { type: 'add-candidates', candidates: [candidate(someConcept, random)] },
    () => ({
      type: 'add-candidates',
      candidates: [candidate(someConcept, random), candidate(someConcept, random)],
    }),
    () => ({
      type: 'update-candidates',
      ids: [someCandidate],
      patch: { tick: random() < 0.5, edits: { added: anyMask(random), removed: null } },
    }),
    () => ({ type: 'remove-candidates', ids: [someCandidate, pick(state.candidates, random)?.id ?? ''] }),
    () => ({
      type: 'set-candidates',
      candidates: [...state.candidates.filter(() => random() < 0.7), candidate(someConcept, random)],
      presence: { [someConcept]: random() },
    }),
    () => ({
      type: 'set-parameters',
      patch: { scaffold: { ...state.parameters.scaffold, seed: Math.floor(random() * 1e6) } },
    }),
    () => ({ type: 'set-layers', layers: [...state.layers.filter(() => random() < 0.8), layer(random)] }),
    () => ({
      type: 'update-layers',
      ids: [someLayer],
      patch: { opacity: random(), visible: random() < 0.5 },
    }),
    () => ({ type: 'remove-layers', ids: [someLayer] }),
    () => ({ type: 'move-layer', id: someLayer, to: Math.floor(random() * 6) }),
    () =>
      random() < 0.1
        ? { type: 'replace-document', state: startDocument() }
        : { type: 'update-concept', id: someConcept, patch: { layer: 2 } },
  ];
  return choices[Math.floor(random() * choices.length)]!();
}
