import { Twins } from './concept-twins.ts';
import type { StudioState } from './studio-state.svelte.ts';

/** The list of detections as it is looked at: what is folded, and which two are probably one object. */
export class ConceptList {
  /** Ids of concepts whose detections are folded away. */
  folded = $state.raw<readonly string[]>([]);
  readonly #document: StudioState;
  readonly #twins = new Twins();
  /** By id of a detection: the one of another concept that is probably the same object, while both are ticked. */
  readonly twins = $derived.by(() => this.#twins.of(this.#document.detections));

  constructor(document: StudioState) {
    this.#document = document;
  }

  fold(conceptId: string, folded: boolean): void {
    const others = this.folded.filter((id) => id !== conceptId);
    this.folded = folded ? [...others, conceptId] : others;
  }

  foldAll(folded: boolean): void {
    this.folded = folded ? this.#document.concepts.map(({ id }) => id) : [];
  }

  /** Of two that are one object, refines this one alone. */
  keep(id: string): void {
    const twin = this.twins.get(id);
    if (twin) this.#document.tick(twin.id, false);
  }
}
