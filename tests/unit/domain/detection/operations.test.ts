import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  combineCandidates,
  growCandidate,
  invertCandidate,
  joinCandidates,
  keepLargestPart,
  splitCandidate,
  visibleOnes,
  type Visible,
} from '#domain/detection/operations.ts';
import { crossDuplicates } from '#domain/detection/cross-duplicates.ts';
import { detectionAt } from '#domain/detection/detection-at.ts';
import { resolveDetections } from '#domain/detection/resolve.ts';
import type { Candidate } from '#domain/document/state.ts';
import { componentsOf, keepLargest } from '#domain/mask/components.ts';
import { growMask } from '#domain/mask/morphology.ts';
import { intersectRle, invertRle, rleIou, subtractRle, unionRle, xorRle } from '#domain/mask/rle-algebra.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { bitsOf, bitsOn, rleOf, rowsOf } from '../mask/arbitrary-masks.ts';
import { block, candidateOf, conceptOf, mask } from './fixtures.ts';

const PICTURE = { width: 16, height: 16 };
/** Rules and neighbours are at work: whatever is done has to look as announced all the same. */
const CONCEPTS = [
  conceptOf('hat'),
  conceptOf('hair', { giveWay: true, exclude: ['ring'], mask: { growPx: 2, offsetXPx: 2, fillHolesPx: 8 } }),
  conceptOf('ring', { mask: { invert: true } }, { layer: 1 }),
];
const gridMask = bitsOn(8, 8).map(rleOf);
const crowd = fc
  .tuple(gridMask, gridMask, gridMask, gridMask)
  .map(([hat, hair, ring, by]) => [
    candidateOf('hat', 'hat', hat),
    candidateOf('hair', 'hair', hair, { origin: 'hand', edits: { added: by, removed: null } }),
    candidateOf('ring', 'ring', ring, { origin: 'click' }),
  ]);

const resolve = (candidates: readonly Candidate[]) =>
  resolveDetections({ concepts: CONCEPTS, candidates, picture: PICTURE });
const look = (candidates: readonly Candidate[], id: string): Visible =>
  visibleOnes(candidates, resolve(candidates), [id])[0]!;
const maskOf = (candidates: readonly Candidate[], id: string): MaskRle =>
  resolve(candidates).shown.find((detection) => detection.id === id)!.mask;
const replaced = (candidates: readonly Candidate[], changed: Candidate) =>
  candidates.map((one) => (one.id === changed.id ? changed : one));

describe('operations on a detection', () => {
  const PICTURE_TO_GRID = 0.5;

  it.each([
    ['keep the largest part', keepLargestPart, keepLargest],
    ['invert', invertCandidate, invertRle],
    ['grow', (v: Visible) => growCandidate(v, 3, PICTURE), (m: MaskRle) => growMask(m, 3 * PICTURE_TO_GRID)],
    [
      'shrink',
      (v: Visible) => growCandidate(v, -2, PICTURE),
      (m: MaskRle) => growMask(m, -2 * PICTURE_TO_GRID),
    ],
  ] as const)('%s does to what is seen what it says, whatever the rules', (_, operate, twin) => {
    fc.assert(
      fc.property(crowd, (candidates) => {
        const seen = look(candidates, 'hair');
        expect(maskOf(replaced(candidates, operate(seen)), 'hair')).toEqual(twin(seen.mask));
      }),
    );
  });

  it.each([
    ['union', unionRle],
    ['intersect', intersectRle],
    ['subtract', subtractRle],
    ['xor', xorRle],
  ] as const)('%s combines what is seen of two', (operation, twin) => {
    fc.assert(
      fc.property(crowd, (candidates) => {
        const [hair, ring] = [look(candidates, 'hair'), look(candidates, 'ring')];
        const after = replaced(candidates, combineCandidates(hair, ring, operation));
        expect(maskOf(after, 'hair')).toEqual(twin(hair.mask, ring.mask));
      }),
    );
  });

  it('splits into the connected parts, which the rules leave alone', () => {
    fc.assert(
      fc.property(crowd, (candidates) => {
        const hair = look(candidates, 'hair');
        const options = { minAreaPx: 0, picture: PICTURE, newId: (part: number) => `hair ${part}` };
        const after = splitCandidate(candidates, hair, options);
        const parts = componentsOf(hair.mask);
        if (parts.length < 2) {
          expect(after).toBe(candidates);
          return;
        }
        const ids = parts.map((_, i) => (i === 0 ? 'hair' : `hair ${i}`));
        expect(after.map(({ id }) => id)).toEqual(['hat', ...ids, 'ring']);
        expect(ids.map((id) => maskOf(after, id))).toEqual(parts);
      }),
    );
  });

  it('drops parts that are too small for one when splitting', () => {
    const three = [candidateOf('hat', 'hat', mask('##..#..#', '##..#...', '........', '........'))];
    const split = (minAreaPx: number) =>
      splitCandidate(three, look(three, 'hat'), {
        minAreaPx,
        picture: { width: 16, height: 8 },
        newId: (part) => `part ${part}`,
      });
    expect(split(8).map(({ id, origin }) => [id, origin])).toEqual([
      ['hat', 'phrase'],
      ['part 1', 'hand'],
    ]);
    expect(split(9)).toBe(three);
  });

  it('joins several into the first, without the others and their frames', () => {
    const frame = { x: 0, y: 0, width: 0.1, height: 0.1 };
    const candidates = [
      candidateOf('a', 'hat', block(8, 0, 0, 3, 3), { frame, own: { prompt: 'felt' } }),
      candidateOf('b', 'hat', block(8, 4, 4, 3, 3)),
      candidateOf('c', 'hat', block(8, 0, 5, 2, 2)),
    ];
    const all = visibleOnes(candidates, resolve(candidates), ['c', 'a', 'b']);
    const after = joinCandidates(candidates, all.slice(0, 2));
    expect(after.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(after[0]).toMatchObject({ frame: null, own: { prompt: 'felt' }, origin: 'phrase' });
    expect(maskOf(after, 'a')).toEqual(unionRle(candidates[0]!.mask, candidates[1]!.mask));
    expect(joinCandidates(candidates, all.slice(0, 1))).toBe(candidates);
  });

  it('has nothing to work on where a candidate is not listed', () => {
    const hidden = candidateOf('a', 'hat', block(8, 0, 0, 3, 3), { score: 0.1 });
    expect(visibleOnes([hidden], resolve([hidden]), ['a', 'unknown'])).toEqual([]);
  });
});

describe('one object under two concepts', () => {
  it('is every pair of different concepts whose masks overlap by more than 0.8 IoU', () => {
    const concepts = ['a', 'b', 'c'];
    const near = fc.record({ x: fc.nat(2), y: fc.nat(2), w: fc.integer({ min: 5, max: 8 }), of: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(near, { maxLength: 6 }), (all) => {
        const candidates = all.map(({ x, y, w, of }, i) =>
          candidateOf(`${i}`, concepts[of]!, block(16, x, y, w, 8)),
        );
        const specs = concepts.map((id) => conceptOf(id, { duplicates: { measure: 'iou', limit: 1 } }));
        const { shown } = resolveDetections({ concepts: specs, candidates, picture: PICTURE });
        const expected = shown.flatMap((first, i) =>
          shown
            .slice(i + 1)
            .filter(({ conceptId, mask }) => conceptId !== first.conceptId && rleIou(mask, first.mask) > 0.8)
            .map((second) => ({ first: first.id, second: second.id, iou: rleIou(first.mask, second.mask) })),
        );
        expect(crossDuplicates(shown)).toEqual(expected);
      }),
    );
  });
});

describe('the detection at a point', () => {
  it('is the smallest whose mask covers it', () => {
    const candidates = [
      candidateOf('large', 'hat', block(8, 0, 0, 8, 8), { score: 0.8 }),
      candidateOf('small', 'hat', block(16, 2, 2, 4, 4)),
    ];
    const { shown } = resolve(candidates);
    expect(detectionAt(shown, 0.2, 0.2)?.id).toBe('small');
    expect(detectionAt(shown, 0.7, 0.2)?.id).toBe('large');
    expect(detectionAt(shown, 1.2, 0.2)).toBeUndefined();
    expect(detectionAt([], 0.2, 0.2)).toBeUndefined();
    expect(rowsOf(bitsOf(shown[0]!.mask))[2]).toBe('..####..........');
  });
});
