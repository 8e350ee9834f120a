import type { Candidate } from '#domain/document/state.ts';
import type { ConceptSpec, MaskRules } from '#domain/job/request.ts';
import { bitAt, bitsOf, mapBits, type Bits } from '../mask/arbitrary-masks.ts';

/**
 * The specification of a resolve, on pixels, in the most literal way: no runs, no boxes, no memory. All masks lie on
 * one grid, which is the picture's.
 */
export interface NaiveDetection {
  readonly id: string;
  readonly bits: readonly number[];
  readonly rule: readonly number[];
  readonly ticked: boolean;
}

const HAND = ['hand', 'click', 'file', 'recipe'];
const byHand = ({ origin }: Candidate): boolean => HAND.includes(origin);

const area = ({ bits }: Bits): number => bits.reduce((sum, bit) => sum + bit, 0);
const shared = (a: Bits, b: Bits): number => a.bits.filter((bit, i) => bit && b.bits[i]).length;
const iou = (a: Bits, b: Bits): number => shared(a, b) / Math.max(1, area(a) + area(b) - shared(a, b));
const iom = (a: Bits, b: Bits): number => shared(a, b) / Math.max(1, Math.min(area(a), area(b)));
const minus = (a: Bits, b: Bits): Bits => mapBits(a, (x, y, bit) => bit > 0 && bitAt(b, x, y) === 0);

function edges({ width, height, bits }: Bits): { x0: number; y0: number; x1: number; y1: number } | null {
  const cells = bits.flatMap((bit, i) => (bit ? [{ x: i % width, y: Math.floor(i / width) }] : []));
  if (cells.length === 0) return null;
  const [xs, ys] = [cells.map(({ x }) => x), cells.map(({ y }) => y)];
  return {
    x0: Math.min(...xs) / width,
    y0: Math.min(...ys) / height,
    x1: (Math.max(...xs) + 1) / width,
    y1: (Math.max(...ys) + 1) / height,
  };
}

/** Cells of the flood from one cell over cells of the same value. */
function flood(bits: Bits, start: number, diagonal: boolean): Set<number> {
  const { width, height } = bits;
  const seen = new Set([start]);
  for (const at of seen)
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) {
        if (!diagonal && dx !== 0 && dy !== 0) continue;
        const [x, y] = [(at % width) + dx, Math.floor(at / width) + dy];
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        if (bits.bits[y * width + x] === bits.bits[start]) seen.add(y * width + x);
      }
  return seen;
}

function parts(bits: Bits, value: 0 | 1): Set<number>[] {
  const found: Set<number>[] = [];
  bits.bits.forEach((bit, i) => {
    if (bit === value && !found.some((part) => part.has(i))) found.push(flood(bits, i, value === 1));
  });
  return found;
}

const painted = (bits: Bits, cells: Iterable<number>, value: number): Bits => {
  const copy = [...bits.bits];
  for (const i of cells) copy[i] = value;
  return { ...bits, bits: copy };
};

function ruled(start: Bits, rules: MaskRules): Bits {
  let bits = start;
  const { width, height } = bits;
  const onBorder = (i: number) =>
    i % width === 0 || i % width === width - 1 || i < width || i >= width * (height - 1);
  if (rules.fillHolesPx > 0)
    for (const hole of parts(bits, 0))
      if (hole.size <= rules.fillHolesPx && ![...hole].some(onBorder)) bits = painted(bits, hole, 1);
  for (const part of parts(bits, 1)) if (part.size < rules.specksPx) bits = painted(bits, part, 0);
  if (rules.parts === 'largest') {
    const all = parts(bits, 1);
    const largest = all.find((part) => all.every((other) => other.size <= part.size));
    for (const part of all) if (part !== largest) bits = painted(bits, part, 0);
  }
  return rules.growPx || rules.offsetXPx || rules.offsetYPx || rules.invert ? moved(bits, rules) : bits;
}

function moved(bits: Bits, { growPx, offsetXPx, offsetYPx, invert }: MaskRules): Bits {
  const reach = Math.abs(growPx) + 0.5;
  const near = (x: number, y: number, value: 0 | 1) =>
    bits.bits.some((bit, i) => {
      const distance = Math.hypot((i % bits.width) - x, Math.floor(i / bits.width) - y);
      return bit === value && (value === 1 ? distance < reach : distance <= reach);
    });
  const grown =
    growPx === 0
      ? bits
      : mapBits(bits, (x, y, bit) => (growPx > 0 ? near(x, y, 1) : bit > 0 && !near(x, y, 0)));
  const away = mapBits(grown, (x, y) => bitAt(grown, x - offsetXPx, y - offsetYPx) > 0);
  return invert ? mapBits(away, (_, __, bit) => bit === 0) : away;
}

function withEdits(bits: Bits, { edits }: Candidate): Bits {
  const [added, removed] = [edits?.added && bitsOf(edits.added), edits?.removed && bitsOf(edits.removed)];
  return mapBits(
    bits,
    (x, y, bit) => (bit > 0 || !!(added && bitAt(added, x, y))) && !(removed && bitAt(removed, x, y)),
  );
}

export function naiveResolve(concepts: readonly ConceptSpec[], candidates: readonly Candidate[]) {
  const spec = (id: string) => concepts.find((concept) => concept.id === id)!;
  const rule = (c: Candidate) =>
    c.baked ? bitsOf(c.mask) : ruled(bitsOf(c.mask), { ...spec(c.conceptId).rules.mask, ...c.rules });
  const own = (c: Candidate) => withEdits(rule(c), c);

  const path = (id: string, next: (id: string) => readonly string[], seen: string[] = []): string[] =>
    next(id).flatMap((other) =>
      seen.includes(other) ? [other] : [other, ...path(other, next, [...seen, other])],
    );
  const partOf = (id: string) => [concepts.find((c) => c.id === id)?.rules.partOf ?? []].flat();
  const excludes = (id: string) => concepts.find((c) => c.id === id)?.rules.exclude ?? [];

  const listed = (concept: ConceptSpec): Candidate[] => {
    const { rules } = concept;
    const mine = candidates.filter(({ conceptId }) => conceptId === concept.id);
    const share = (c: Candidate) => area(bitsOf(c.mask)) / (c.mask.width * c.mask.height);
    const sized = mine.filter(
      (c) =>
        !byHand(c) && c.score > concept.threshold && share(c) >= rules.minArea && share(c) <= rules.maxArea,
    );
    const measure = rules.duplicates.measure === 'iou' ? iou : iom;
    const kept: Candidate[] = [];
    for (const c of sized.toSorted((a, b) => b.score - a.score)) {
      const again = mine.some((m) => byHand(m) && iou(bitsOf(c.mask), own(m)) > 0.7);
      const repeats = kept.some((k) => measure(bitsOf(c.mask), bitsOf(k.mask)) > rules.duplicates.limit);
      if (!again && !repeats) kept.push(c);
    }
    const parent = rules.partOf;
    const known = concepts.some(({ id }) => id === parent);
    const circular = path(concept.id, partOf).includes(concept.id);
    const inside = kept.filter(
      (c) =>
        parent === null ||
        !known ||
        circular ||
        listed(spec(parent)).some((p) => iom(bitsOf(c.mask), own(p)) >= 0.5),
    );
    const key = (c: Candidate): number => {
      if (rules.order === 'score') return byHand(c) ? 1 : -c.score;
      const shape = byHand(c) ? own(c) : bitsOf(c.mask);
      const box = edges(shape);
      if (rules.order === 'area') return -area(shape);
      if (!box) return 9;
      return rules.order === 'left-to-right' ? box.x0 + box.x1 : box.y0 + box.y1;
    };
    const sorted = mine
      .filter((c) => byHand(c) || inside.includes(c))
      .toSorted((a, b) => key(a) - key(b) || Number(byHand(a)) - Number(byHand(b)));
    const worth = (c: Candidate) => (rules.order === 'area' ? area(bitsOf(c.mask)) : c.score);
    const ahead = (c: Candidate, i: number) =>
      sorted.filter(
        (other, j) => !byHand(other) && (worth(other) > worth(c) || (worth(other) === worth(c) && j < i)),
      ).length;
    return sorted.filter((c, i) => byHand(c) || ahead(c, i) < concept.maxObjects);
  };

  const excluded = (concept: ConceptSpec, c: Candidate): Bits =>
    concept.rules.exclude
      .filter((other) => other !== concept.id && concepts.some(({ id }) => id === other))
      .flatMap((other) => {
        const circular = path(other, excludes).includes(concept.id);
        return listed(spec(other)).map((o) => (circular ? own(o) : withEdits(excluded(spec(other), o), o)));
      })
      .reduce(minus, rule(c));

  const yielded = (concept: ConceptSpec, c: Candidate): Bits => {
    const earlier = concept.rules.giveWay ? concepts.slice(0, concepts.indexOf(concept)) : [];
    return earlier
      .filter(({ layer }) => layer === concept.layer)
      .flatMap((other) => listed(other).map((o) => withEdits(yielded(other, o), o)))
      .reduce(minus, excluded(concept, c));
  };

  return concepts.flatMap((concept): NaiveDetection[] => {
    const members = listed(concept)
      .map((c) => ({ c, rule: yielded(concept, c), final: withEdits(yielded(concept, c), c) }))
      .filter(({ c, final }) => byHand(c) || area(final) > 0);
    const found = members.filter(({ c }) => !byHand(c));
    const size = ({ c, final }: (typeof members)[number]) => {
      const box = edges(final)!;
      return c.frame ? c.frame.width * c.frame.height : (box.x1 - box.x0) * (box.y1 - box.y0);
    };
    const offCentre = ({ c, final }: (typeof members)[number]) => {
      const box = edges(final)!;
      const [x, y] = c.frame
        ? [c.frame.x + c.frame.width / 2, c.frame.y + c.frame.height / 2]
        : [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
      return Math.hypot(x - 0.5, y - 0.5);
    };
    // Fractions of a box are rounded: what differs by less than this is a tie, which the first one wins.
    const TIE = 1e-9;
    const pick = {
      all: found,
      first: found.filter((m) => found.every((o) => o.c.score <= m.c.score)).slice(0, 1),
      largest: found.filter((m) => found.every((o) => size(o) <= size(m) + TIE)).slice(0, 1),
      center: found.filter((m) => found.every((o) => offCentre(o) >= offCentre(m) - TIE)).slice(0, 1),
    }[concept.selection];
    return members.map((m) => ({
      id: m.c.id,
      bits: m.final.bits,
      rule: m.rule.bits,
      ticked: area(m.final) > 0 && (m.c.tick ?? (byHand(m.c) || pick.includes(m))),
    }));
  });
}
