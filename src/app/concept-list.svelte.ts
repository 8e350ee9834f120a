import { SvelteMap } from 'svelte/reactivity';
import type { Detection } from '#domain/job/request.ts';
import { Arrivals, ConceptGroups } from './concept-groups.ts';
import { Twins } from './concept-twins.ts';
import type { StudioState } from './studio-state.svelte.ts';

/** Concepts that come when more detections than these are listed come folded: the list stays one to look over. */
const MANY_LISTED = 100;
const NONE: readonly Detection[] = [];

/** The list of detections as it is looked at: what is folded, and which two are probably one object. */
export class ConceptList {
  readonly #document: StudioState;
  readonly #groups = new ConceptGroups();
  readonly #twins = new Twins();
  readonly #arrivals = new Arrivals();
  /** By concept id, whether somebody folded or unfolded it. */
  readonly #chosen = new SvelteMap<string, boolean>();
  /** Whether it is too long to be there as a whole. */
  readonly isLong = $derived.by(() => this.#document.detections.length > MANY_LISTED);
  /** By concept id, in the order of the numbers on the canvas. */
  readonly groups = $derived.by(() => this.#groups.of(this.#document.detections));
  /** Ids of concepts whose detections are folded away. */
  readonly folded = $derived.by(() => this.#arrivals.foldedOf(this.groups, this.isLong, this.#chosen));
  /** By id of a detection: the one of another concept that is probably the same object, while both are ticked. */
  readonly twins = $derived.by(() => this.#twins.of(this.#document.detections));

  constructor(document: StudioState) {
    this.#document = document;
  }

  /** What is listed of a concept. */
  of(conceptId: string): readonly Detection[] {
    return this.groups.get(conceptId) ?? NONE;
  }

  fold(conceptId: string, folded: boolean): void {
    this.#chosen.set(conceptId, folded);
  }

  foldAll(folded: boolean): void {
    for (const { id } of this.#document.concepts) this.#chosen.set(id, folded);
  }

  /** Shows the line of the selected detection, unless somebody folded its concept away. */
  showSelected(): void {
    const conceptId = this.#document.selectedDetection?.conceptId;
    if (conceptId !== undefined && this.folded.has(conceptId) && !this.#chosen.has(conceptId))
      this.fold(conceptId, false);
  }

  /** The line beside one among those that are not folded away, or the first or the last of all. */
  lineFrom(detectionId: string, to: 'next' | 'previous' | 'first' | 'last'): Detection | undefined {
    const lines = [...this.groups].flatMap(([id, group]) => (this.folded.has(id) ? [] : group));
    if (to === 'first') return lines[0];
    if (to === 'last') return lines.at(-1);
    const at = lines.findIndex(({ id }) => id === detectionId);
    return at < 0 ? undefined : lines[at + (to === 'next' ? 1 : -1)];
  }

  /** Of two that are one object, refines this one alone. */
  keep(id: string): void {
    const twin = this.twins.get(id);
    if (twin) this.#document.tick(twin.id, false);
  }
}
