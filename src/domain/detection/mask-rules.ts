import type { Size } from '../geometry/rect.ts';
import type { MaskRle, MaskRules } from '../job/request.ts';
import { fillHoles, keepLargest, removeSpecks } from '../mask/components.ts';
import { growMask, offsetMask } from '../mask/morphology.ts';
import { invertRle } from '../mask/rle-algebra.ts';

/**
 * What one mask goes through by itself, in this order: holes filled, specks dropped, parts, grown or shrunk, moved,
 * inverted. Lengths are pixels of the picture and are rescaled to the mask's grid.
 */
export function applyMaskRules(mask: MaskRle, rules: MaskRules, picture: Size<'image'>): MaskRle {
  const scaleX = mask.width / picture.width;
  const scaleY = mask.height / picture.height;
  const cleaned = cleanMask(mask, rules, scaleX * scaleY);
  const grown = rules.growPx === 0 ? cleaned : growMask(cleaned, rules.growPx * Math.sqrt(scaleX * scaleY));
  const moved =
    rules.offsetXPx === 0 && rules.offsetYPx === 0
      ? grown
      : offsetMask(grown, rules.offsetXPx * scaleX, rules.offsetYPx * scaleY);
  return rules.invert ? invertRle(moved) : moved;
}

/** Holes, specks and parts. `cells` is the number of cells of the mask's grid per square pixel of the picture. */
function cleanMask(mask: MaskRle, { fillHolesPx, specksPx, parts }: MaskRules, cells: number): MaskRle {
  const filled = fillHolesPx > 0 ? fillHoles(mask, fillHolesPx * cells) : mask;
  const clean = specksPx > 0 ? removeSpecks(filled, specksPx * cells) : filled;
  return parts === 'largest' ? keepLargest(clean) : clean;
}
