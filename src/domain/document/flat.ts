import type { MaskRle } from '../job/request.ts';
import type { Change, DocumentDiff, ListDiff } from './diff.ts';
import type { DocumentState } from './state.ts';

/**
 * How documents are stored: every concept, candidate, layer and mask once, under a number, however many states and
 * steps share it. Things are never changed in place, so identity says whether something is stored already.
 */

/** A {@link DocumentState} by the numbers of its parts. */
export type FlatState = { readonly [K in FlatListName]: readonly number[] } & {
  readonly parameters: number;
  readonly presence: number;
};

/** A {@link DocumentDiff} by the numbers of its parts; null where there is or was none. */
export type FlatDiff = Pick<DocumentDiff, 'parameters' | 'presence'> & {
  readonly [K in FlatListName]: FlatList | null;
};

export interface FlatList {
  readonly items: Readonly<Record<string, readonly [before: number | null, after: number | null]>>;
  readonly order: ListDiff['order'];
}

export const FLAT_LISTS = ['concepts', 'candidates', 'layers'] as const;
export type FlatListName = (typeof FLAT_LISTS)[number];

/** Hears of every part that is named, masks included. The value is what is to be stored. */
export type PartListener = (id: number, value: () => unknown) => void;

/** Stands where a part has a mask that is stored by itself. */
interface MaskPlace {
  readonly maskPart: number;
}

interface Part {
  readonly id: number;
  readonly masks: readonly { readonly id: number; readonly mask: MaskRle }[];
}

/** Numbers of parts, for as long as the parts live. */
export class PartNumbers {
  /** What the next part gets. */
  next: number;
  readonly #parts = new WeakMap<object, Part>();
  readonly #things = new Map<number, WeakRef<object>>();
  readonly #gone = new FinalizationRegistry<number>((id) => {
    if (!this.alive(id)) this.#things.delete(id);
  });

  constructor(next = 1) {
    this.next = next;
  }

  of(thing: object): Part {
    return this.#parts.get(thing) ?? this.learn(thing, this.next++);
  }

  /** Takes note of something that was read from storage. */
  learn(thing: object, id: number): Part {
    const masks = isMask(thing) ? [] : masksIn(thing).map((mask) => ({ id: this.of(mask).id, mask }));
    const part = { id, masks };
    this.#parts.set(thing, part);
    this.#things.set(id, new WeakRef(thing));
    this.#gone.register(thing, id);
    return part;
  }

  /** Parts that are held by anything, and such as were not collected yet. */
  get size(): number {
    return this.#things.size;
  }

  /** The part with a number, while anything holds it: what is read again is shared with what is there. */
  alive(id: number): object | undefined {
    return this.#things.get(id)?.deref();
  }
}

export function flattenState(state: DocumentState, numbers: PartNumbers, listener: PartListener): FlatState {
  const name = (thing: object) => namePart(thing, numbers, listener);
  return {
    concepts: state.concepts.map(name),
    candidates: state.candidates.map(name),
    layers: state.layers.map(name),
    parameters: name(state.parameters),
    presence: name(state.presence),
  };
}

export function flattenDiff(diff: DocumentDiff, numbers: PartNumbers, listener: PartListener): FlatDiff {
  const name = (thing: unknown) =>
    thing === undefined ? null : namePart(thing as object, numbers, listener);
  const flatten = (list: ListDiff | null): FlatList | null =>
    list && { items: mapChanges(list.items, name), order: list.order };
  const { concepts, candidates, layers, parameters, presence } = diff;
  return {
    concepts: flatten(concepts),
    candidates: flatten(candidates),
    layers: flatten(layers),
    parameters,
    presence,
  };
}

/** Numbers of the masks inside a stored part. */
export function maskPartsIn(stored: unknown): number[] {
  if (isMaskPlace(stored)) return [stored.maskPart];
  return isObject(stored) ? Object.values(stored).flatMap(maskPartsIn) : [];
}

/** A stored part with its masks in their places. @throws RangeError where one is not known. */
export function withMasks(stored: unknown, maskOf: (id: number) => MaskRle): unknown {
  return replaced(stored, isMaskPlace, ({ maskPart }) => maskOf(maskPart));
}

/** Opposite of {@link flattenDiff}. */
export function unflattenDiff(
  flat: FlatDiff,
  partOf: (list: FlatListName, id: number) => unknown,
): DocumentDiff {
  const unflatten = (name: FlatListName): ListDiff | null => {
    const list = flat[name];
    const thing = (id: number | null) => (id === null ? undefined : partOf(name, id));
    return list && { items: mapChanges(list.items, thing) as Record<string, Change>, order: list.order };
  };
  const [concepts, candidates, layers] = [
    unflatten('concepts'),
    unflatten('candidates'),
    unflatten('layers'),
  ];
  const { parameters, presence } = flat;
  return { concepts, candidates, layers, parameters, presence };
}

function namePart(thing: object, numbers: PartNumbers, listener: PartListener): number {
  const { id, masks } = numbers.of(thing);
  listener(id, () => replaced(thing, isMask, (mask): MaskPlace => ({ maskPart: numbers.of(mask).id })));
  for (const { id: maskId, mask } of masks) listener(maskId, () => mask);
  return id;
}

function mapChanges<A, B>(
  changes: Readonly<Record<string, readonly [A, A]>>,
  map: (side: A) => B,
): Record<string, readonly [B, B]> {
  return Object.fromEntries(
    Object.entries(changes).map(([id, [before, after]]) => [id, [map(before), map(after)] as const]),
  );
}

/** A copy of plain data with another value wherever `isFound` says so. */
function replaced<T>(
  value: unknown,
  isFound: (value: unknown) => value is T,
  by: (found: T) => unknown,
): unknown {
  if (isFound(value)) return by(value);
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map((item) => replaced(item, isFound, by));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, isFound, by)]));
}

function masksIn(value: unknown): MaskRle[] {
  if (isMask(value)) return [value];
  return isObject(value) ? Object.values(value).flatMap(masksIn) : [];
}

function isMask(value: unknown): value is MaskRle {
  return isObject(value) && 'runs' in value && Array.isArray(value.runs);
}

function isMaskPlace(value: unknown): value is MaskPlace {
  return isObject(value) && 'maskPart' in value && typeof value.maskPart === 'number';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
