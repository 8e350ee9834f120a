import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Badges, badgeScales, MANY_BADGES } from '#app/badges.ts';
import { ConceptList } from '#app/concept-list.svelte.ts';
import { Twins } from '#app/concept-twins.ts';
import { DEFAULTS } from '#app/defaults.ts';
import { markedOnMap } from '#app/minimap.ts';
import { OverlayMemory } from '#app/overlay-update.ts';
import { othersNear } from '#app/near-detections.ts';
import { forPlan } from '#app/plan-request.ts';
import { buildOverlay } from '#app/requests.ts';
import { StudioState } from '#app/studio-state.svelte.ts';
import { crossDuplicates } from '#domain/detection/cross-duplicates.ts';
import { MaskMeasures } from '#domain/detection/measures.ts';
import type { Layer } from '#domain/document/layer.ts';
import { rect, size } from '#domain/geometry/rect.ts';
import type { Detection } from '#domain/job/request.ts';
import { EVERYTHING } from '#domain/job/target.ts';
import * as rleAlgebra from '#domain/mask/rle-algebra.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import { planRefine } from '#pipelines/refine.ts';
import { candidateOf, conceptOf } from './domain/detection/fixtures.ts';
import { layer } from './layers/layer-fixtures.ts';

const GRID = size<'image'>(128, 128);
const PER_ROW = 32;

/** Candidates on a grid, one concept after the other in turn. */
const crowd = (count: number, concepts: number) =>
  Array.from({ length: count }, (_, i) =>
    candidateOf(
      `d${i}`,
      `concept-${(i % concepts) + 1}`,
      rectToRle(rect((i % PER_ROW) * 4, (Math.floor(i / PER_ROW) * 4) % 128, 3, 3), GRID),
      { score: 0.9 - i / 10_000 },
    ),
  );

function documentOf(count: number, concepts: number): StudioState {
  const document = new StudioState(DEFAULTS);
  const specs = Array.from({ length: concepts }, (_, i) =>
    conceptOf(`concept-${i + 1}`, {}, { phrase: `thing ${i + 1}`, maxObjects: 1000 }),
  );
  document.begin({ ...document.history.present, concepts: specs, candidates: crowd(count, concepts) });
  return document;
}

describe('the list of a crowd', () => {
  it('changes for one concept where one detection does', () => {
    const document = documentOf(1000, 50);
    const list = new ConceptList(document);
    const before = new Map(list.groups);
    expect([...before.values()].map((group) => group.length)).toEqual(Array<number>(50).fill(20));
    document.tick('d7', false);
    const changed = [...list.groups].filter(([id, group]) => before.get(id) !== group).map(([id]) => id);
    expect(changed).toEqual(['concept-8']);
    expect(list.of('concept-8').find(({ id }) => id === 'd7')).toMatchObject({ enabled: false });
  });

  it('folds concepts that come when it is long, once, and leaves short lists alone', () => {
    const document = documentOf(100, 5);
    const list = new ConceptList(document);
    expect([list.isLong, list.folded.size]).toEqual([false, 0]);
    const more = crowd(120, 6).filter(({ conceptId }) => conceptId === 'concept-6');
    document.dispatch([
      { type: 'add-concept', concept: conceptOf('concept-6') },
      { type: 'add-candidates', candidates: more.map((one) => ({ ...one, id: `more ${one.id}` })) },
    ]);
    expect([list.isLong, ...list.folded]).toEqual([true, 'concept-6']);
    list.fold('concept-6', false);
    list.fold('concept-1', true);
    expect([...list.folded]).toEqual(['concept-1']);
    list.foldAll(true);
    expect(list.folded.size).toBe(6);
  });

  it('never folds the only concept there is', () => {
    expect(new ConceptList(documentOf(300, 1)).folded.size).toBe(0);
  });

  it('opens the concept of what is selected, unless somebody folded it', () => {
    const document = documentOf(200, 4);
    const list = new ConceptList(document);
    expect(list.folded.size).toBe(4);
    document.select({ kind: 'detection', id: 'd2' });
    list.showSelected();
    expect([...list.folded]).toEqual(['concept-1', 'concept-2', 'concept-4']);
    list.fold('concept-3', true);
    list.showSelected();
    expect(list.folded.has('concept-3')).toBe(true);
  });

  it('goes from line to line over what is folded away', () => {
    const document = documentOf(6, 3);
    const list = new ConceptList(document);
    list.fold('concept-2', true);
    expect(list.lineFrom('d3', 'next')?.id).toBe('d2');
    expect(list.lineFrom('d2', 'previous')?.id).toBe('d3');
    expect(list.lineFrom('d0', 'previous')).toBeUndefined();
    expect(list.lineFrom('d5', 'next')).toBeUndefined();
    expect(list.lineFrom('d0', 'first')?.id).toBe('d0');
    expect(list.lineFrom('d0', 'last')?.id).toBe('d5');
  });

  it('sends the viewer no mask for a tick, a selection or an undo', async () => {
    const document = documentOf(1000, 50);
    const memory = new OverlayMemory();
    const sent = () =>
      memory.updateFor(buildOverlay(document.detections, document.selectedDetection?.id ?? null)).masks;
    expect(sent()).toHaveLength(1000);
    document.tick('d7', false);
    document.select({ kind: 'detection', id: 'd8' });
    expect(sent()).toHaveLength(0);
    await document.history.undo();
    expect(sent()).toHaveLength(0);
  });
});

const PICTURE = size<'image'>(4096, 2048);
const detection = (id: string, x: number, y: number, width: number, height: number) =>
  ({ id, box: rect<'unit'>(x, y, width, height) }) as Detection;
const boxes = fc.array(
  fc.tuple(fc.nat(90), fc.nat(90), fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 10 })),
  { minLength: 1, maxLength: 60 },
);

describe('numbers of many detections', () => {
  it('never lie on each other, at any zoom, and the largest is there first', () => {
    fc.assert(
      fc.property(boxes, fc.double({ min: 0.01, max: 1.99, noNaN: true }), (all, scale) => {
        const detections = all.map(([x, y, w, h], i) =>
          detection(`${i}`, x / 100, y / 100, w / 100, h / 100),
        );
        const scales = badgeScales(detections, PICTURE);
        const shown = detections.filter(({ id }) => scales.get(id)! <= scale);
        for (const [i, { box: a }] of shown.entries())
          for (const { box: b } of shown.slice(i + 1)) {
            const [dx, dy] = [Math.abs(a.x - b.x) * PICTURE.width, Math.abs(a.y - b.y) * PICTURE.height];
            // A badge of three digits is 52 by 24 CSS pixels.
            expect(dx * scale >= 52 || dy * scale >= 24).toBe(true);
          }
        const sides = detections.map(({ box }) => Math.max(box.width * 4096, box.height * 2048));
        const largest = detections[sides.indexOf(Math.max(...sides))]!;
        expect(scales.get(largest.id)).toBeCloseTo(Math.min(2, 24 / Math.max(...sides)));
      }),
    );
  });

  it('are all there from close by, also of two objects with one corner', () => {
    const scales = badgeScales(
      [detection('a', 0.1, 0.1, 0.2, 0.2), detection('b', 0.1, 0.1, 0.1, 0.1)],
      PICTURE,
    );
    expect(scales.get('b')).toBe(2);
  });

  it('are placed anew only where boxes have changed', () => {
    const badges = new Badges();
    const all = [detection('a', 0.1, 0.1, 0.2, 0.2), detection('b', 0.3, 0.1, 0.1, 0.1)];
    const scales = badges.scalesOf(all, PICTURE);
    expect(badges.scalesOf([{ ...all[0]!, enabled: false }, all[1]!], PICTURE)).toBe(scales);
    expect(badges.scalesOf([all[0]!, detection('b', 0.11, 0.1, 0.1, 0.1)], PICTURE)).not.toEqual(scales);
  });

  it('leave the large ones and the selected one to the overview', () => {
    const small = Array.from({ length: MANY_BADGES }, (_, i) => detection(`${i}`, i / 100, 0, 0.01, 0.01));
    expect(markedOnMap(small)).toEqual(small);
    const many = [...small, detection('large', 0, 0, 0.2, 0.05)];
    expect(markedOnMap(many, '3').map(({ id }) => id)).toEqual(['3', 'large']);
  });
});

describe('a plan of a crowd', () => {
  it('is the same from one pixel of each mask, and none of a thousand masks crosses', () => {
    const document = documentOf(1000, 50);
    const [first, second] = document.detections as [Detection, Detection];
    const erased: Detection = { ...second, mask: { width: 4, height: 4, runs: [16] } };
    const request = { ...document.request, detections: [first, erased, ...document.detections.slice(2)] };
    const layers: Layer[] = [
      layer('l', { origin: { detectionId: first.id, mask: first.mask, below: [] }, locked: true }),
      layer('m', { origin: { detectionId: 'd9', mask: first.mask, below: [] } }),
      layer('n', { weight: { kind: 'whole' } }),
    ];
    const target = { ...EVERYTHING, layers };
    const [light, lightTarget] = forPlan(request, target);
    const planned = (...[asked, wanted]: Parameters<typeof forPlan>) => {
      const { canvas, details, tiles } = planRefine(asked, PICTURE, wanted);
      return { canvas, items: [...details, ...tiles].map(({ sizePx, area }) => ({ sizePx, area })) };
    };
    expect(planned(light, lightTarget)).toEqual(planned(request, target));
    expect(planned(request, target).items.length).toBeGreaterThan(900);
    const runs = JSON.stringify([light, lightTarget]).matchAll(/"runs":\[([^\]]*)\]/g);
    expect(new Set([...runs].map(([, numbers]) => numbers))).toEqual(new Set(['0,1', '1']));
  });
});

describe('objects found twice in a crowd', () => {
  it('are looked for among neighbours, not among all pairs', () => {
    const { detections } = documentOf(1000, 50);
    const compare = vi.spyOn(MaskMeasures.prototype, 'overlaps');
    expect(crossDuplicates(detections)).toEqual([]);
    expect(compare.mock.calls.length).toBeLessThan(1000 * PER_ROW);
    compare.mockRestore();
  });

  it('are measured once: a changed mask is measured, a thousand others are not', () => {
    const twins = new Twins();
    const { detections } = documentOf(1000, 50);
    twins.of(detections);
    const measured = vi.spyOn(rleAlgebra, 'rleBox');
    const [first, ...rest] = detections as [Detection, ...Detection[]];
    twins.of([{ ...first, mask: { ...first.mask } }, ...rest]);
    expect(measured).toHaveBeenCalledOnce();
    measured.mockRestore();
  });
});

describe('what a detection can be combined with', () => {
  it('is everything else, and in a crowd what is near', () => {
    const some = documentOf(20, 2).detections;
    expect(othersNear(some, some[3]!.id)).toEqual(some.filter((_, i) => i !== 3));
    const { detections } = documentOf(1000, 50);
    const own = detections.find(({ id }) => id === 'd500')!;
    const near = othersNear(detections, 'd500');
    expect(near).toHaveLength(60);
    expect(near.map(({ id }) => id)).toEqual(expect.arrayContaining(['d499', 'd501', 'd468', 'd532']));
    expect(near).not.toContain(own);
    expect(near).toEqual(detections.filter((detection) => near.includes(detection)));
  });
});
