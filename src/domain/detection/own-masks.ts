import type { Size } from '../geometry/rect.ts';
import type { Candidate } from '../document/state.ts';
import type { ConceptSpec, MaskRle } from '../job/request.ts';
import { applyEdits, hasEdits } from './edits.ts';
import { applyMaskRules } from './mask-rules.ts';
import { Memo } from './memo.ts';

/** A candidate's mask after its own rules, which override its concept's; neither neighbours nor edits are in it. */
export function ruleMask(
  { mask, rules, baked }: Pick<Candidate, 'mask' | 'rules' | 'baked'>,
  concept: ConceptSpec,
  picture: Size<'image'>,
): MaskRle {
  return baked ? mask : applyMaskRules(mask, { ...concept.rules.mask, ...rules }, picture);
}

/** Masks of candidates by themselves: what they are before other detections matter. Remembered per candidate. */
export class OwnMasks {
  readonly #ruled = new Memo<MaskRle>();
  readonly #edited = new Memo<MaskRle>();

  get made(): number {
    return this.#ruled.made + this.#edited.made;
  }

  keepOnly(ids: ReadonlySet<string>): void {
    this.#ruled.keepOnly(ids);
    this.#edited.keepOnly(ids);
  }

  /** See {@link ruleMask}. */
  rule(candidate: Candidate, concept: ConceptSpec, picture: Size<'image'>): MaskRle {
    const { id, mask, baked } = candidate;
    if (baked) return mask;
    const rules = { ...concept.rules.mask, ...candidate.rules };
    const inputs = [
      mask,
      picture.width,
      picture.height,
      rules.fillHolesPx,
      rules.specksPx,
      rules.parts,
      rules.growPx,
      rules.offsetXPx,
      rules.offsetYPx,
      rules.invert,
    ];
    return this.#ruled.of(id, inputs, () => ruleMask(candidate, concept, picture));
  }

  /** After its rules and edits. */
  own(candidate: Candidate, concept: ConceptSpec, picture: Size<'image'>): MaskRle {
    const { id, edits } = candidate;
    const rule = this.rule(candidate, concept, picture);
    if (!hasEdits(edits)) return rule;
    return this.#edited.of(id, [rule, edits?.added, edits?.removed], () => applyEdits(rule, edits));
  }
}
