import { NO_RULES } from '#domain/detection/rules.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { ConceptRules, ConceptSpec, FoundObject, MaskRle, MaskRules } from '#domain/job/request.ts';
import { drawn, rleOf } from '../mask/arbitrary-masks.ts';

export type RulePatch = Partial<Omit<ConceptRules, 'mask'>> & { readonly mask?: Partial<MaskRules> };

export function rulesOf({ mask, ...rules }: RulePatch = {}): ConceptRules {
  return { ...NO_RULES, ...rules, mask: { ...NO_RULES.mask, ...mask } };
}

export function conceptOf(
  id: string,
  rules: RulePatch = {},
  patch: Partial<Omit<ConceptSpec, 'id' | 'rules'>> = {},
): ConceptSpec {
  return {
    id,
    phrase: id,
    prompt: '',
    negative: '',
    layer: 0,
    selection: 'all',
    maxObjects: 100,
    threshold: 0.5,
    denoise: 0.4,
    anchorScale: 0.5,
    ...patch,
    rules: rulesOf(rules),
  };
}

export function candidateOf(
  id: string,
  conceptId: string,
  mask: MaskRle,
  patch: Partial<Omit<Candidate, 'id' | 'conceptId' | 'mask'>> = {},
): Candidate {
  return {
    id,
    conceptId,
    origin: 'phrase',
    mask,
    edits: null,
    frame: null,
    score: 0.9,
    presence: 0.95,
    tick: null,
    rules: null,
    baked: false,
    own: {},
    ...patch,
  };
}

export const mask = (...rows: readonly string[]): MaskRle => rleOf(drawn(...rows));

/** A filled rectangle of cells on a grid. */
export function block(grid: number, x: number, y: number, width: number, height: number): MaskRle {
  const inside = (i: number) => {
    const [px, py] = [i % grid, Math.floor(i / grid)];
    return px >= x && px < x + width && py >= y && py < y + height;
  };
  const bits = Array.from({ length: grid * grid }, (_, i) => (inside(i) ? 1 : 0));
  return rleOf({ width: grid, height: grid, bits });
}

export function foundAs(conceptId: string, found: MaskRle, score = 0.9): FoundObject {
  return { conceptId, box: { x: 0, y: 0, width: 1, height: 1 }, mask: found, score, presence: 0.95 };
}
