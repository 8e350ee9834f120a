import { describe, expect, it } from 'vitest';
import { DetectionResolver, type ResolveInput } from '#domain/detection/resolve.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { ConceptSpec, LayerIndex, MaskRle } from '#domain/job/request.ts';
import { candidateOf, conceptOf } from './fixtures.ts';

const SIDE = 2048;
const CONCEPTS = 50;
const PER_CONCEPT = 20;

/** A disc with a wavy edge, like an object's outline: two runs a row. */
function blob(centreX: number, centreY: number, radius: number): MaskRle {
  const runs: number[] = [];
  let outsideFrom = 0;
  for (let y = Math.ceil(centreY - radius); y <= centreY + radius; y++) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (y - centreY) ** 2)) + 3 * Math.sin(y / 5);
    const from = Math.max(0, Math.round(centreX - half));
    const to = Math.min(SIDE, Math.round(centreX + half));
    if (to <= from || y < 0 || y >= SIDE) continue;
    runs.push(y * SIDE + from - outsideFrom, to - from);
    outsideFrom = y * SIDE + to;
  }
  return { width: SIDE, height: SIDE, runs: [...runs, SIDE * SIDE - outsideFrom] };
}

/** 50 concepts in 6 layers, 20 discs of 20 to 80 px radius each, spread so that neighbours overlap. */
function crowd(): ResolveInput {
  const concepts = Array.from({ length: CONCEPTS }, (_, i): ConceptSpec => {
    const rules = {
      giveWay: true,
      exclude: i % 5 === 4 ? [`c${i - 1}`] : [],
      partOf: i === 40 ? 'c39' : null,
      mask: { growPx: 2, fillHolesPx: 50, specksPx: 20 },
    };
    return conceptOf(`c${i}`, rules, { layer: (i % 6) as LayerIndex, threshold: 0.3 });
  });
  const candidates = concepts.flatMap(({ id }, i) =>
    Array.from({ length: PER_CONCEPT }, (_, k): Candidate => {
      const at = (i * PER_CONCEPT + k) * 0.618034;
      const x = (at % 1) * SIDE;
      const y = ((at * 7.13) % 1) * SIDE;
      const found = blob(x, y, 20 + ((i * 31 + k * 17) % 60));
      return candidateOf(`${i}.${k}`, id, found, { score: 0.4 + 0.6 * ((at * 3.7) % 1) });
    }),
  );
  return { concepts, candidates, picture: { width: 4096, height: 4096 } };
}

function timed<T>(what: () => T): { readonly value: T; readonly ms: number } {
  const start = performance.now();
  return { value: what(), ms: performance.now() - start };
}

describe('a resolver that remembers', () => {
  const input = crowd();
  const resolver = new DetectionResolver();
  const full = timed(() => resolver.resolve(input));
  const shown = full.value.shown;
  const made = (change: Partial<ResolveInput>) => {
    const before = resolver.masksMade;
    const { value, ms } = timed(() => resolver.resolve({ ...input, ...change }));
    return { ...value, ms, masks: resolver.masksMade - before };
  };
  const withCandidate = (id: string, patch: Partial<Candidate>) => ({
    candidates: input.candidates.map((one) => (one.id === id ? { ...one, ...patch } : one)),
  });
  const withConcept = (id: string, patch: Partial<ConceptSpec>) => ({
    concepts: input.concepts.map((one) => (one.id === id ? { ...one, ...patch } : one)),
  });
  const first = shown[0]!;
  const ratio = (ms: number) => `1/${Math.round(full.ms / ms)}`;

  it('computes no mask for a tick, and only the ticked detection is another object', () => {
    expect(input.candidates).toHaveLength(1000);
    expect(shown.length).toBeGreaterThan(800);
    resolver.resolve(input);
    const tick = made(withCandidate(first.id, { tick: false }));
    expect(tick.masks).toBe(0);
    expect(tick.shown.filter((detection, i) => detection !== shown[i])).toEqual([
      { ...first, enabled: false },
    ]);
    console.log(`resolve of ${shown.length} detections; a tick takes ${ratio(tick.ms)} of it`);
  });

  it('computes nothing twice when a threshold is moved up and back', () => {
    const id = shown.at(-1)!.conceptId;
    const up = made(withConcept(id, { threshold: 0.7 }));
    const down = made({});
    expect(up.masks).toBe(0);
    expect(down.masks).toBe(0);
    expect(up.shown.length).toBeLessThan(shown.length);
    expect(down.shown).toEqual(shown);
    console.log(`a threshold takes ${ratio(up.ms)} of a full resolve`);
  });

  it('computes only a stroke and what gives way to it', () => {
    resolver.resolve(input);
    const last = shown.at(-1)!;
    const stroke = made(withCandidate(last.id, { edits: { added: blob(100, 100, 30), removed: null } }));
    expect(stroke.masks).toBeGreaterThan(0);
    expect(stroke.masks).toBeLessThanOrEqual(2);
    console.log(`a stroke takes ${ratio(stroke.ms)} of a full resolve`);
  });

  it('computes the masks of a concept whose rules change, and those of overlapping neighbours', () => {
    resolver.resolve(input);
    const { rules } = input.concepts[48]!;
    const change = { rules: { ...rules, mask: { ...rules.mask, growPx: 3 } } };
    const grow = made(withConcept('c48', change));
    const mine = shown.filter(({ conceptId }) => conceptId === 'c48').length;
    expect(mine).toBeGreaterThan(0);
    expect(grow.masks).toBeGreaterThanOrEqual(mine);
    expect(grow.masks).toBeLessThanOrEqual(3 * PER_CONCEPT);
  });

  it('answers what a resolver without memory answers', () => {
    const change = { ...input, ...withCandidate(first.id, { tick: false, rules: { growPx: -4 } }) };
    expect(resolver.resolve(change)).toEqual(new DetectionResolver().resolve(change));
  });
});
