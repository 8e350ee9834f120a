import type { ConceptRules } from '../job/request.ts';

/** Rules under which masks stay as they were found and only repeated answers are dropped (spec/sam3.md 3.3). */
export const NO_RULES: ConceptRules = {
  minArea: 0,
  maxArea: 1,
  order: 'score',
  duplicates: { measure: 'iou', limit: 0.7 },
  mask: {
    fillHolesPx: 0,
    specksPx: 0,
    parts: 'all',
    growPx: 0,
    offsetXPx: 0,
    offsetYPx: 0,
    invert: false,
  },
  exclude: [],
  partOf: null,
  giveWay: false,
};
