import type { ConceptSpec, Detection, Recipe, RefineRequest } from '#domain/job/request.ts';
import type { Size } from '#domain/geometry/rect.ts';
import {
  DEFAULTS,
  followConcept,
  sameValue,
  type StudioDefaults,
  type StudioParameters,
} from './defaults.ts';
import { nextConceptId } from './hues.ts';
import { buildRefineRequest, emptyDetection, sortDetections } from './requests.ts';
import type { OpenedImage, RuntimeInfo } from './worker-client.ts';

/** What the inspector shows. */
export type Selection =
  | { readonly kind: 'document' }
  | { readonly kind: 'concept'; readonly id: string }
  | { readonly kind: 'detection'; readonly id: string };

/** The opened picture: the worker has the pixels, the page keeps the file to survive a restart of the worker. */
export interface OpenDocument extends OpenedImage {
  readonly file: Blob;
  /** Object URL of the file, for thumbnails. */
  readonly url: string;
}

/** A refined canvas in the worker and the request that made its pixels, which the parameters may have left behind. */
export interface Refinement {
  readonly canvas: Size<'canvas'>;
  readonly request: RefineRequest;
}

/**
 * The document and what the studio runs on. Everything is plain data behind `$state.raw` and is replaced, never
 * changed in place: requests, snapshots and a later history can keep references.
 */
export class StudioState {
  /** What new concepts and a reset take; follows the image model. */
  defaults = $state.raw<StudioDefaults>(DEFAULTS);
  runtime = $state.raw<RuntimeInfo | null>(null);
  /** A sentence when the networks could not start. */
  startError = $state.raw<string | null>(null);
  image = $state.raw<OpenDocument | null>(null);
  concepts = $state.raw<readonly ConceptSpec[]>([]);
  detections = $state.raw<readonly Detection[]>([]);
  /** sigmoid(presence) per concept id of the last detection run. */
  presence = $state.raw<Readonly<Record<string, number>>>({});
  parameters = $state.raw<StudioParameters>(DEFAULTS.parameters);
  selection = $state.raw<Selection>({ kind: 'document' });
  /** Name of the file that is being opened. */
  opening = $state.raw<string | null>(null);
  /** Name of the weight file that is being read. */
  reading = $state.raw<string | null>(null);
  /** The last refinement; null until an area is finished. */
  result = $state.raw<Refinement | null>(null);
  /** A recipe found in the picture, waiting for the user's choice. */
  offeredRecipe = $state.raw<Recipe | null>(null);

  readonly ordered = $derived(sortDetections(this.concepts, this.detections));
  readonly #numbers = $derived(Object.fromEntries(this.ordered.map(({ id }, index) => [id, index + 1])));
  readonly enabledCount = $derived(this.detections.filter(({ enabled }) => enabled).length);
  readonly selectedDetection = $derived(this.#find(this.detections, 'detection'));
  readonly selectedConcept = $derived(this.#find(this.concepts, 'concept'));
  readonly request = $derived.by((): RefineRequest =>
    buildRefineRequest(this.concepts, this.detections, this.parameters),
  );
  readonly hasPhrase = $derived(this.concepts.some(({ phrase }) => phrase.trim() !== ''));
  /** Whether a job may start: it needs a picture, and neither that nor the models may be about to change. */
  readonly ready = $derived(
    this.image !== null && this.runtime !== null && this.opening === null && this.reading === null,
  );
  /** Whether a run would change anything. */
  readonly canRefine = $derived(
    this.image !== null &&
      (this.parameters.global.enabled || (this.parameters.detail.enabled && this.enabledCount > 0)),
  );

  constructor(defaults: StudioDefaults = DEFAULTS) {
    this.defaults = defaults;
    this.parameters = defaults.parameters;
    this.addConcept();
  }

  /** The number shown beside a detection, from 1 in the order of the list. */
  numberOf(detectionId: string): number {
    return this.#numbers[detectionId] ?? 0;
  }

  conceptOf(detection: Detection): ConceptSpec | undefined {
    return this.concepts.find(({ id }) => id === detection.conceptId);
  }

  detectionsOf(conceptId: string): readonly Detection[] {
    return this.ordered.filter((detection) => detection.conceptId === conceptId);
  }

  /** Adds a slot; an empty one that is already there is used first. */
  addConcept(phrase = ''): string {
    const empty = this.concepts.find((concept) => concept.phrase.trim() === '');
    if (phrase && empty) {
      this.updateConcept(empty.id, { phrase });
      return empty.id;
    }
    const id = nextConceptId(this.concepts.map((concept) => concept.id));
    this.concepts = [...this.concepts, { id, ...this.defaults.concept, phrase }];
    return id;
  }

  updateConcept(id: string, patch: Partial<Omit<ConceptSpec, 'id'>>): void {
    this.concepts = this.concepts.map((concept) => (concept.id === id ? { ...concept, ...patch } : concept));
  }

  /**
   * Takes the defaults of another image model. Settings still at the old ones follow; settings the user has changed
   * are `kept`. `same` when there was nothing to change.
   */
  followDefaults(next: StudioDefaults): 'followed' | 'kept' | 'same' {
    const previous = this.defaults;
    if (sameValue(previous, next)) return 'same';
    this.defaults = next;
    if (sameValue(this.parameters, next.parameters)) return 'same';
    if (!sameValue(this.parameters, previous.parameters)) return 'kept';
    this.parameters = next.parameters;
    this.concepts = this.concepts.map((concept) => followConcept(concept, previous.concept, next.concept));
    return 'followed';
  }

  /** Remembers the editable document and answers how to bring it back. */
  checkpoint(): () => void {
    const { concepts, detections, parameters } = this;
    return () => {
      this.concepts = concepts;
      this.detections = detections;
      this.parameters = parameters;
    };
  }

  /** Removes a concept with its detections. */
  removeConcept(id: string): void {
    this.concepts = this.concepts.filter((concept) => concept.id !== id);
    this.detections = this.detections.filter(({ conceptId }) => conceptId !== id);
    if (this.concepts.length === 0) this.addConcept();
    this.select({ kind: 'document' });
  }

  /** An empty detection to paint by hand where nothing was found. */
  addDetection(conceptId: string): void {
    if (!this.image) return;
    const detection = emptyDetection(conceptId, this.image.size);
    this.detections = [...this.detections, detection];
    this.select({ kind: 'detection', id: detection.id });
  }

  updateDetection(id: string, patch: Partial<Omit<Detection, 'id'>>): void {
    this.detections = this.detections.map((item) => (item.id === id ? { ...item, ...patch } : item));
  }

  removeDetection(id: string): void {
    this.detections = this.detections.filter((item) => item.id !== id);
    this.select({ kind: 'document' });
  }

  tickConcept(conceptId: string, enabled: boolean): void {
    this.detections = this.detections.map((item) =>
      item.conceptId === conceptId ? { ...item, enabled } : item,
    );
  }

  tickOnly(id: string): void {
    this.detections = this.detections.map((item) => ({ ...item, enabled: item.id === id }));
  }

  /** Replaces part of one section of the parameters. */
  setParameters<K extends SectionName>(section: K, patch: Partial<StudioParameters[K]>): void {
    this.parameters = { ...this.parameters, [section]: { ...this.parameters[section], ...patch } };
  }

  select(selection: Selection): void {
    this.selection = selection;
  }

  /** The detection after or before the selected one, round and round. */
  stepDetection(direction: 1 | -1): Detection | undefined {
    const count = this.ordered.length;
    const current = this.ordered.findIndex(({ id }) => id === this.selectedDetection?.id);
    const start = current < 0 && direction < 0 ? 0 : current;
    const next = count ? this.ordered[(start + direction + count) % count] : undefined;
    if (next) this.select({ kind: 'detection', id: next.id });
    return next;
  }

  /** Takes a newly opened picture: detections belonged to the old one. */
  takeImage(image: OpenDocument): void {
    if (this.image) URL.revokeObjectURL(this.image.url);
    this.image = image;
    this.detections = [];
    this.presence = {};
    this.result = null;
    this.offeredRecipe = image.recipe;
    this.select({ kind: 'document' });
  }

  /** Makes the document what a recipe says. */
  applyRequest({ version: _version, concepts, detections, ...parameters }: RefineRequest): void {
    this.parameters = parameters;
    this.concepts = concepts;
    this.detections = detections;
    this.offeredRecipe = null;
  }

  #find<T extends { readonly id: string }>(items: readonly T[], kind: Selection['kind']): T | undefined {
    const { selection } = this;
    if (selection.kind === 'document' || selection.kind !== kind) return undefined;
    return items.find(({ id }) => id === selection.id);
  }
}

/** The parameters that are objects of their own. */
export type SectionName = {
  [K in keyof StudioParameters]: StudioParameters[K] extends object ? K : never;
}[keyof StudioParameters];
