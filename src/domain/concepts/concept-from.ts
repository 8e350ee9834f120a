import { NO_RULES } from '../detection/rules.ts';
import type { ConceptRules, ConceptSpec, MaskRules } from '../job/request.ts';

/** What a concept does differently from a plain one. */
export type ConceptPatch = Partial<Omit<ConceptSpec, 'id' | 'phrase' | 'rules'>> & {
  readonly rules?: Partial<Omit<ConceptRules, 'mask'>> & { readonly mask?: Partial<MaskRules> };
};

const PLAIN: Omit<ConceptSpec, 'id' | 'phrase' | 'rules'> = {
  prompt: '',
  negative: '',
  layer: 0,
  selection: 'all',
  maxObjects: 8,
  threshold: 0.5,
  denoise: 0.35,
  anchorScale: 0.5,
};

/** A concept of a preset or an import; its id is unique among its siblings only. */
export function conceptFrom(id: string, phrase: string, { rules, ...patch }: ConceptPatch = {}): ConceptSpec {
  const mask = { ...NO_RULES.mask, ...rules?.mask };
  return { ...PLAIN, ...patch, id, phrase, rules: { ...NO_RULES, ...rules, mask } };
}
