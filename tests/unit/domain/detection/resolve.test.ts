import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DetectionResolver, editsFrom, resolveDetections, ruleMask } from '#domain/detection/resolve.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { ConceptSpec, LayerIndex, MaskRules } from '#domain/job/request.ts';
import { applyEdits } from '#domain/detection/edits.ts';
import { bitsOf, bitsOn, rleOf, rowsOf } from '../mask/arbitrary-masks.ts';
import { block, candidateOf, conceptOf, mask } from './fixtures.ts';
import { naiveResolve } from './naive-resolve.ts';

const GRID = { width: 8, height: 8 };
const IDS = ['a', 'b', 'c'];

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const gridMask = bitsOn(8, 8).map(rleOf);

const maskRules: fc.Arbitrary<MaskRules> = fc.record({
  fillHolesPx: fc.constantFrom(0, 0, 1, 4, 100),
  specksPx: fc.constantFrom(0, 0, 2, 5),
  parts: fc.constantFrom('all', 'all', 'largest'),
  growPx: fc.constantFrom(0, 0, 0, 1, 2, -1),
  offsetXPx: fc.constantFrom(0, 0, 2, -3),
  offsetYPx: fc.constantFrom(0, 0, 1, -1),
  invert: fc.constantFrom(false, false, false, true),
});

const conceptWith = (id: string): fc.Arbitrary<ConceptSpec> =>
  fc
    .record({
      minArea: fc.constantFrom(0, 0, 0.1),
      maxArea: fc.constantFrom(1, 1, 0.7),
      order: fc.constantFrom('score', 'area', 'left-to-right', 'top-to-bottom'),
      duplicates: fc.record({ measure: fc.constantFrom('iou', 'iom'), limit: fc.constantFrom(0.3, 0.7, 1) }),
      mask: maskRules,
      exclude: fc.subarray([...IDS, 'gone']),
      partOf: maybe(fc.constantFrom(...IDS, 'gone')),
      giveWay: fc.boolean(),
      layer: fc.constantFrom<LayerIndex[]>(0, 0, 1),
      selection: fc.constantFrom('largest', 'center', 'first', 'all'),
      maxObjects: fc.constantFrom(1, 2, 9),
      threshold: fc.constantFrom(0, 0.3, 0.6),
    })
    .map(({ layer, selection, maxObjects, threshold, ...rules }) =>
      conceptOf(id, rules, { layer, selection, maxObjects, threshold }),
    );

const candidate: fc.Arbitrary<Omit<Candidate, 'id'>> = fc.record({
  conceptId: fc.constantFrom(...IDS),
  origin: fc.constantFrom('phrase', 'phrase', 'phrase', 'example', 'hand', 'click', 'file', 'recipe'),
  mask: gridMask,
  edits: maybe(fc.record({ added: maybe(gridMask), removed: maybe(gridMask) })),
  frame: fc.constantFrom(null, null, { x: 0.25, y: 0, width: 0.5, height: 0.25 }),
  score: fraction,
  presence: fraction,
  tick: fc.constantFrom(null, null, true, false),
  rules: maybe(fc.record({ growPx: fc.constantFrom(0, 1), invert: fc.boolean() }, { requiredKeys: [] })),
  baked: fc.constantFrom(false, false, true),
  own: fc.constant({}),
});

const documents = fc.record({
  concepts: fc
    .tuple(...IDS.map(conceptWith))
    .chain((concepts) => fc.shuffledSubarray(concepts, { minLength: 1 })),
  candidates: fc
    .array(candidate, { maxLength: 9 })
    .map((all) => all.map((one, i): Candidate => ({ id: `d${i}`, ...one }))),
});

describe('resolving detections', () => {
  it('answers what the literal reading of the rules answers on pixels, also when it remembers others', () => {
    const resolver = new DetectionResolver();
    fc.assert(
      fc.property(documents, ({ concepts, candidates }) => {
        const known = candidates.filter(({ conceptId }) => concepts.some(({ id }) => id === conceptId));
        const { shown, ruleMasks, hidden } = resolver.resolve({ concepts, candidates, picture: GRID });
        const answer = shown.map(({ id, mask, enabled }) => ({
          id,
          bits: bitsOf(mask).bits,
          rule: bitsOf(ruleMasks.get(id)!).bits,
          ticked: enabled,
        }));
        expect(answer).toEqual(naiveResolve(concepts, known));
        const missing = Object.values(hidden).flatMap((counts) => Object.values(counts));
        expect(shown.length + missing.reduce((sum, count) => sum + count, 0)).toBe(known.length);
      }),
      { numRuns: 400 },
    );
  }, 30_000);

  it('remembers nothing that has changed since', () => {
    const changes = fc.record({
      concepts: fc.tuple(...IDS.map(conceptWith)),
      patches: fc.array(fc.record({ edits: candidate.map(({ edits }) => edits), tick: fc.boolean() }), {
        minLength: 9,
        maxLength: 9,
      }),
      left: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8], { minLength: 6 }),
    });
    fc.assert(
      fc.property(documents, changes, ({ concepts, candidates }, { concepts: others, patches, left }) => {
        const patched = candidates
          .map((one, i) => (i % 2 ? one : { ...one, ...patches[i] }))
          .filter((_, i) => left.includes(i));
        const resolver = new DetectionResolver();
        for (const document of [
          { concepts, candidates },
          { concepts: others, candidates },
          { concepts: others, candidates: patched },
          { concepts, candidates: patched },
        ]) {
          const input = { ...document, picture: GRID };
          expect(resolver.resolve(input)).toEqual(resolveDetections(input));
        }
      }),
      { numRuns: 200 },
    );
  }, 30_000);

  it('limits and ticks by score, whatever the order of the list', () => {
    const at = (x: number) => block(8, x, 0, 1, 1);
    const candidates = [0.68, 0.5, 0.97].map((score, i) => candidateOf(`d${i}`, 'a', at(i * 3), { score }));
    const listed = (more: Partial<ConceptSpec>) =>
      resolveDetections({
        concepts: [conceptOf('a', { order: 'left-to-right' }, { threshold: 0, ...more })],
        candidates,
        picture: GRID,
      }).shown.map(({ id, enabled }) => [id, enabled]);
    expect(listed({ selection: 'first' })).toEqual([
      ['d0', false],
      ['d1', false],
      ['d2', true],
    ]);
    expect(listed({ selection: 'all', maxObjects: 2 })).toEqual([
      ['d0', true],
      ['d2', true],
    ]);
  });

  it('notices a change of any single mask rule', () => {
    const found = candidateOf(
      '1',
      'a',
      mask('####....', '#..#..#.', '####....', '........', '........', '........'),
    );
    const changes: readonly Partial<MaskRules>[] = [
      { fillHolesPx: 9 },
      { specksPx: 4 },
      { parts: 'largest' },
      { growPx: 1 },
      { offsetXPx: 1 },
      { offsetYPx: 1 },
      { invert: true },
    ];
    for (const change of changes) {
      const input = { candidates: [found], picture: { width: 8, height: 6 } };
      const resolver = new DetectionResolver();
      const [plain] = resolver.resolve({ ...input, concepts: [conceptOf('a')] }).shown;
      const [ruled] = resolver.resolve({ ...input, concepts: [conceptOf('a', { mask: change })] }).shown;
      expect([change, ruled?.mask.runs]).not.toEqual([change, plain?.mask.runs]);
    }
  });

  it('of two that overlap too much the better one stays, wherever it stands', () => {
    const concept = conceptOf('a', { duplicates: { measure: 'iom', limit: 0.5 } });
    const worse = candidateOf('worse', 'a', block(16, 0, 0, 8, 8), { score: 0.7 });
    const better = candidateOf('better', 'a', block(16, 0, 0, 6, 4), { score: 0.8 });
    for (const candidates of [
      [worse, better],
      [better, worse],
    ]) {
      const { shown } = resolveDetections({ concepts: [concept], candidates, picture: GRID });
      expect(shown.map(({ id }) => id)).toEqual(['better']);
    }
  });

  it('lengths of rules are pixels of the picture, not cells of the mask', () => {
    const concept = conceptOf('a', { mask: { growPx: 8, offsetXPx: 16, specksPx: 4 * 64 } });
    const found = candidateOf('1', 'a', mask('##......', '##....#.', '........', '........'));
    const picture = { width: 64, height: 32 };
    const [detection] = resolveDetections({ concepts: [concept], candidates: [found], picture }).shown;
    expect(rowsOf(bitsOf(detection!.mask))).toEqual(['..###...', '..###...', '..###...', '........']);
    expect(rowsOf(bitsOf(ruleMask(found, concept, picture)))).toEqual(rowsOf(bitsOf(detection!.mask)));
    const holed = candidateOf('2', 'a', mask('####...#', '#..#...#', '####...#', '.......#'));
    const filled = (fillHolesPx: number) =>
      rowsOf(bitsOf(ruleMask(holed, conceptOf('a', { mask: { fillHolesPx } }), picture)))[1];
    expect(filled(2 * 64 - 1)).toBe('#..#...#');
    expect(filled(2 * 64)).toBe('####...#');
  });

  it('says why something is not listed', () => {
    const parent = conceptOf('face', {}, { maxObjects: 1 });
    const part = conceptOf(
      'eye',
      { partOf: 'face', minArea: 0.02, maxArea: 0.5, exclude: ['glasses'] },
      { maxObjects: 2 },
    );
    const glasses = conceptOf('glasses');
    const candidates = [
      candidateOf('face', 'face', block(16, 0, 0, 8, 8)),
      candidateOf('other face', 'face', block(16, 8, 8, 8, 8), { score: 0.8 }),
      candidateOf('glass', 'glasses', block(16, 0, 0, 3, 3)),
      candidateOf('unsure', 'eye', block(16, 0, 0, 3, 3), { score: 0.5 }),
      candidateOf('tiny', 'eye', block(16, 0, 0, 1, 1)),
      candidateOf('huge', 'eye', block(16, 0, 0, 16, 15)),
      candidateOf('emptied', 'eye', block(16, 0, 0, 3, 3)),
      candidateOf('again', 'eye', block(16, 0, 0, 3, 3), { score: 0.8 }),
      candidateOf('seen', 'eye', block(16, 4, 4, 3, 3), { score: 0.8 }),
      candidateOf('outside', 'eye', block(16, 9, 9, 3, 3)),
      candidateOf('third', 'eye', block(16, 4, 0, 3, 3), { score: 0.7 }),
      candidateOf('no concept', 'gone', block(16, 4, 0, 3, 3)),
    ];
    const concepts = [parent, part, glasses];
    const { shown, hidden } = resolveDetections({ concepts, candidates, picture: GRID });
    expect(shown.map(({ id }) => id)).toEqual(['face', 'seen', 'glass']);
    expect(hidden['face']).toMatchObject({ overLimit: 1, duplicate: 0 });
    expect(hidden['eye']).toEqual({
      belowThreshold: 1,
      tooSmall: 1,
      tooLarge: 1,
      duplicate: 1,
      outside: 1,
      overLimit: 1,
      emptied: 1,
    });
  });

  it('a part counts from half of the smaller of the two on, and only where its parent is listed', () => {
    const concepts = [conceptOf('face'), conceptOf('eye', { partOf: 'face' })];
    const face = candidateOf('face', 'face', block(16, 0, 0, 8, 8));
    const parts = [
      candidateOf('half', 'eye', block(16, 6, 0, 4, 4)),
      candidateOf('less', 'eye', block(16, 6, 4, 5, 4)),
      candidateOf('around', 'eye', block(16, 0, 0, 16, 12)),
    ];
    const names = (...candidates: Candidate[]) =>
      resolveDetections({ concepts, candidates, picture: GRID }).shown.map(({ id }) => id);
    expect(names(face, ...parts)).toEqual(['face', 'half', 'around']);
    expect(names({ ...face, score: 0.1 }, ...parts)).toEqual([]);
    expect(names(...parts, candidateOf('drawn', 'eye', block(16, 12, 12, 2, 2), { origin: 'hand' }))).toEqual(
      ['drawn'],
    );
  });

  it('a mask made by hand is listed even while it is empty, unticked, with a frame in the middle', () => {
    const empty = candidateOf('1', 'a', mask('....', '....'), { origin: 'hand', tick: true });
    const input = { concepts: [conceptOf('a')], candidates: [empty], picture: GRID };
    const { shown } = resolveDetections(input);
    expect(shown).toMatchObject([
      { enabled: false, edited: true, box: { x: 0.5, y: 0.5, width: 0, height: 0 } },
    ]);
    const painted = { ...empty, edits: { added: mask('.#..', '....'), removed: null } };
    expect(resolveDetections({ ...input, candidates: [painted] }).shown).toMatchObject([
      { enabled: true, box: { x: 0.25, y: 0, width: 0.25, height: 0.5 } },
    ]);
  });

  it('masks on different grids meet on the finer one', () => {
    const concepts = [conceptOf('hair', { exclude: ['face'] }), conceptOf('face')];
    const candidates = [
      candidateOf('hair', 'hair', mask('##', '##')),
      candidateOf('face', 'face', mask('....', '.##.', '.##.', '....')),
    ];
    const [hair] = resolveDetections({ concepts, candidates, picture: GRID }).shown;
    expect(rowsOf(bitsOf(hair!.mask))).toEqual(['####', '#..#', '#..#', '####']);
  });

  it('passes on what belongs to the detection alone and keeps its frame', () => {
    const frame = { x: 0.1, y: 0.2, width: 0.3, height: 0.4 };
    const own = { prompt: 'her left eye' };
    const one = candidateOf('1', 'a', block(8, 1, 1, 3, 3), { frame, own, score: 0.7, presence: 0.8 });
    const [detection] = resolveDetections({
      concepts: [conceptOf('a')],
      candidates: [one],
      picture: GRID,
    }).shown;
    expect(detection).toMatchObject({ box: frame, score: 0.7, presence: 0.8, edited: false });
    expect(detection?.own).toBe(own);
  });
});

describe('edits', () => {
  it('make the painted mask of the rule mask, and of nothing else when nothing was painted', () => {
    const masks = fc.tuple(gridMask, gridMask);
    fc.assert(
      fc.property(
        masks,
        maybe(fc.record({ added: maybe(gridMask), removed: maybe(gridMask) })),
        (pair, earlier) => {
          const [rule, painted] = pair;
          expect(applyEdits(rule, editsFrom(rule, painted, earlier))).toEqual(painted);
          expect(editsFrom(painted, painted)).toBeNull();
        },
      ),
    );
  });

  it('survive another rule mask, also those that changed nothing when the last stroke was made', () => {
    const first = editsFrom(mask('##..'), mask('###.'));
    expect(rowsOf(bitsOf(applyEdits(mask('...#'), first)))).toEqual(['..##']);
    const grown = mask('####');
    const second = editsFrom(grown, mask('.###'), first);
    expect(rowsOf(bitsOf(applyEdits(mask('##..'), second)))).toEqual(['.##.']);
    const third = editsFrom(mask('..##'), mask('...#'), second);
    expect(rowsOf(bitsOf(applyEdits(mask('####'), third)))).toEqual(['.#.#']);
    const erased = editsFrom(mask('##..'), mask('.#..'), null);
    const later = editsFrom(mask('.#..'), mask('.##.'), erased);
    expect(rowsOf(bitsOf(applyEdits(mask('##.#'), later)))).toEqual(['.###']);
  });
});
