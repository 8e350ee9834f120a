import type { Detection } from '#domain/job/request.ts';

/** By concept id, what of it is listed. Concepts without any are missing. */
export type Groups = ReadonlyMap<string, readonly Detection[]>;

/**
 * Detections by concept. A concept whose detections are the same as before keeps its array, so that a tick of one of a
 * thousand concerns the list of one concept and not fifty.
 */
export class ConceptGroups {
  #last: Groups = new Map();

  of(detections: readonly Detection[]): Groups {
    const groups = new Map<string, Detection[]>();
    for (const detection of detections) {
      const group = groups.get(detection.conceptId);
      if (group) group.push(detection);
      else groups.set(detection.conceptId, [detection]);
    }
    const before = this.#last;
    this.#last = new Map([...groups].map(([id, group]) => [id, kept(before.get(id), group)]));
    return this.#last;
  }
}

function kept(before: readonly Detection[] | undefined, now: readonly Detection[]): readonly Detection[] {
  const isSame = before?.length === now.length && now.every((detection, i) => detection === before[i]);
  return isSame ? before : now;
}

/** Folds concepts that come into a long list. */
export class Arrivals {
  /** By id of a concept that has detections: whether the list was long when it got its first. */
  readonly #late = new Map<string, boolean>();

  /**
   * Ids of the folded ones, where nothing is `chosen`. That is decided once, when a concept gets its first detections: a
   * threshold that is dragged folds nothing. A concept by itself stays open, for there is nothing else to see.
   */
  foldedOf(groups: Groups, isLong: boolean, chosen: ReadonlyMap<string, boolean>): ReadonlySet<string> {
    for (const id of this.#late.keys()) if (!groups.has(id)) this.#late.delete(id);
    for (const id of groups.keys()) if (!this.#late.has(id)) this.#late.set(id, isLong && groups.size > 1);
    return new Set([...groups.keys()].filter((id) => chosen.get(id) ?? this.#late.get(id)));
  }
}
