import type { DocumentState } from './state.ts';

/** A value before and after; undefined where there was or is none. */
export type Change<T = unknown> = readonly [before: T | undefined, after: T | undefined];

/** What changed in a list of things with ids. */
export interface ListDiff {
  readonly items: Readonly<Record<string, Change>>;
  /** Ids in order, where the order or the members changed. */
  readonly order: readonly [before: readonly string[], after: readonly string[]] | null;
}

/** The difference of two documents: plain data, readable in both directions. */
export interface DocumentDiff {
  readonly concepts: ListDiff | null;
  readonly candidates: ListDiff | null;
  readonly layers: ListDiff | null;
  readonly parameters: Readonly<Record<string, Change>> | null;
  readonly presence: Change<DocumentState['presence']> | null;
}

const LISTS = ['concepts', 'candidates', 'layers'] as const;
type Entity = { readonly id: string };

/** What turns `before` into `after`. Things are compared by identity: untouched parts must be shared. */
export function diffDocuments(before: DocumentState, after: DocumentState): DocumentDiff {
  return {
    concepts: diffLists(before.concepts, after.concepts),
    candidates: diffLists(before.candidates, after.candidates),
    layers: diffLists(before.layers, after.layers),
    parameters: diffRecords(before.parameters, after.parameters),
    presence: before.presence === after.presence ? null : [before.presence, after.presence],
  };
}

/** Whether nothing was replaced, by identity; values may be the same all the same (`cancelsOut`). */
export function isEmptyDiff(diff: DocumentDiff): boolean {
  return Object.values(diff).every((part) => part === null);
}

/** Goes forward along a difference (`after`), or back (`before`). */
export function applyDiff(state: DocumentState, diff: DocumentDiff, side: 'before' | 'after'): DocumentState {
  const index = side === 'before' ? 0 : 1;
  const next = { ...state } as { -readonly [K in keyof DocumentState]: DocumentState[K] };
  for (const list of LISTS) {
    const part = diff[list];
    if (part) next[list] = applyList(state[list], part, index) as never;
  }
  if (diff.parameters) {
    const patch = Object.fromEntries(
      Object.entries(diff.parameters).map(([key, change]) => [key, change[index]]),
    );
    next.parameters = { ...state.parameters, ...patch };
  }
  if (diff.presence) next.presence = diff.presence[index] ?? {};
  return next;
}

/** One difference for two that follow each other. */
export function joinDiffs(first: DocumentDiff, second: DocumentDiff): DocumentDiff {
  return {
    concepts: joinLists(first.concepts, second.concepts),
    candidates: joinLists(first.candidates, second.candidates),
    layers: joinLists(first.layers, second.layers),
    parameters:
      first.parameters && second.parameters
        ? joinChanges(first.parameters, second.parameters)
        : (first.parameters ?? second.parameters),
    presence:
      first.presence && second.presence
        ? [first.presence[0], second.presence[1]]
        : (first.presence ?? second.presence),
  };
}

function diffLists(before: readonly Entity[], after: readonly Entity[]): ListDiff | null {
  if (before === after) return null;
  const items: Record<string, Change> = {};
  const old = new Map(before.map((item) => [item.id, item]));
  const now = new Map(after.map((item) => [item.id, item]));
  for (const [id, item] of old) if (now.get(id) !== item) items[id] = [item, now.get(id)];
  for (const [id, item] of now) if (!old.has(id)) items[id] = [undefined, item];
  const ids: [string[], string[]] = [[...old.keys()], [...now.keys()]];
  const reordered = ids[0].length !== ids[1].length || ids[0].some((id, i) => id !== ids[1][i]);
  if (!reordered && Object.keys(items).length === 0) return null;
  return { items, order: reordered ? ids : null };
}

function diffRecords(before: object, after: object): Record<string, Change> | null {
  if (before === after) return null;
  const old = before as Record<string, unknown>;
  const now = after as Record<string, unknown>;
  const changed = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
    (key) => old[key] !== now[key],
  );
  return changed.length === 0
    ? null
    : Object.fromEntries(changed.map((key) => [key, [old[key], now[key]] as const]));
}

function applyList(
  items: readonly Entity[],
  { items: changes, order }: ListDiff,
  index: 0 | 1,
): readonly Entity[] {
  const byId = new Map(items.map((item) => [item.id, item]));
  for (const [id, change] of Object.entries(changes)) {
    const value = change[index] as Entity | undefined;
    if (value) byId.set(id, value);
    else byId.delete(id);
  }
  const ids = order ? order[index] : [...byId.keys()];
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function joinLists(first: ListDiff | null, second: ListDiff | null): ListDiff | null {
  if (!first || !second) return first ?? second;
  const before = first.order?.[0] ?? second.order?.[0];
  const after = second.order?.[1] ?? first.order?.[1];
  return { items: joinChanges(first.items, second.items), order: before && after ? [before, after] : null };
}

function joinChanges(
  first: Readonly<Record<string, Change>>,
  second: Readonly<Record<string, Change>>,
): Record<string, Change> {
  const joined: Record<string, Change> = { ...first };
  for (const [key, change] of Object.entries(second))
    joined[key] = [first[key] ? first[key][0] : change[0], change[1]];
  return joined;
}
