import { DetectionResolver, type Resolved, type ResolveInput } from '#domain/detection/resolve.ts';
import { applyCommand, type DocumentCommand } from '#domain/document/commands.ts';
import { followEdges, followMasks } from '#domain/document/follow.ts';
import type { DocumentHistory, StepName, StepOptions } from '#domain/document/history.ts';
import type { Layer } from '#domain/document/layer.ts';
import { sameValue } from '#domain/document/same-value.ts';
import { staleLayers } from '#domain/document/stale.ts';
import type { Candidate, DocumentState } from '#domain/document/state.ts';
import type { ConceptSpec, Detection, RefineRequest } from '#domain/job/request.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { DEFAULTS, followConcept, type StudioDefaults, type StudioParameters } from './defaults.ts';
import { emptyDocument, firstConcept } from './documents.ts';
import { EditHistory } from './edit-history.svelte.ts';
import { nextConceptId } from './hues.ts';
import { messages, type Saying } from './messages.ts';
import { buildRefineRequest, isAskable } from './requests.ts';
import type { OpenedImage, RuntimeInfo } from './worker-client.ts';

/** A way back, or on, as a message offers it. */
export interface UndoOffer {
  readonly label: string;
  readonly run: () => void;
  /** Calls once there is no such way any more. */
  readonly until: (withdraw: () => void) => void;
}

/** What the inspector shows. */
export type Selection =
  | { readonly kind: 'document' }
  | { readonly kind: 'concept'; readonly id: string }
  | { readonly kind: 'detection'; readonly id: string }
  | { readonly kind: 'layer'; readonly id: string };

/** The opened picture: the worker has the pixels, the page keeps the file to survive a restart of the worker. */
export interface OpenDocument extends OpenedImage {
  readonly file: Blob;
  /** Object URL of the file, for thumbnails. */
  readonly url: string;
}

const NO_PICTURE: Size<'image'> = { width: 1, height: 1 };

/**
 * The document and what the studio runs on. Everything is plain data behind `$state.raw` and is replaced, never
 * changed in place. What belongs to the document lies in its history: every change of it is a command.
 */
export class StudioState {
  readonly history: EditHistory;
  /** What new concepts and a reset take; follows the image model. */
  defaults = $state.raw<StudioDefaults>(DEFAULTS);
  runtime = $state.raw<RuntimeInfo | null>(null);
  /** A sentence when the networks could not start. */
  startError = $state.raw<Saying | null>(null);
  image = $state.raw<OpenDocument | null>(null);
  selection = $state.raw<Selection>({ kind: 'document' });
  /** Name of the file that is being opened. */
  opening = $state.raw<string | null>(null);
  /** Name of the weight file that is being read. */
  reading = $state.raw<string | null>(null);
  readonly #resolver = new DetectionResolver();
  #last: (ResolveInput & { readonly resolved: Resolved }) | null = null;

  readonly concepts = $derived.by((): readonly ConceptSpec[] => this.history.present.concepts);
  readonly candidates = $derived.by((): readonly Candidate[] => this.history.present.candidates);
  readonly presence = $derived.by(() => this.history.present.presence);
  readonly parameters = $derived.by((): StudioParameters => this.history.present.parameters);
  /** Bottom first. */
  readonly layers = $derived.by((): readonly Layer[] => this.history.present.layers);
  /** Detections and why some candidates are none. */
  readonly resolved = $derived.by(() => this.#resolve(this));
  /** What is listed, drawn and refined, in the order of the numbers on the canvas. */
  readonly detections = $derived<readonly Detection[]>(this.resolved.shown);
  readonly #numbers = $derived(Object.fromEntries(this.detections.map(({ id }, index) => [id, index + 1])));
  readonly enabledCount = $derived(this.detections.filter(({ enabled }) => enabled).length);
  readonly selectedDetection = $derived(this.#find(this.detections, 'detection'));
  readonly selectedConcept = $derived(this.#find(this.concepts, 'concept'));
  readonly selectedLayer = $derived(this.#find(this.layers, 'layer'));
  /** Size of the painted canvas; null while nothing has been painted. */
  readonly canvas = $derived<Size<'canvas'> | null>(this.layers.at(-1)?.canvas ?? null);
  readonly request = $derived.by((): RefineRequest =>
    buildRefineRequest(this.concepts, this.detections, this.parameters),
  );
  /** Layers that are no longer what a run would paint, with the reasons. */
  readonly stale = $derived.by(() => staleLayers(this.request, this.layers));
  /** Whether any concept says what to look for. */
  readonly hasPhrase = $derived(this.concepts.some(isAskable));
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
    this.history = new EditHistory(emptyDocument(defaults));
  }

  /** Does commands as one undoable step; where they change masks or their edges, layers follow in the same step. */
  dispatch(commands: DocumentCommand | readonly DocumentCommand[], options: StepOptions = {}): void {
    const list = Array.isArray(commands)
      ? (commands as readonly DocumentCommand[])
      : [commands as DocumentCommand];
    const [first] = list;
    if (!first) return;
    const next = list.reduce(applyCommand, this.history.present);
    const state = this.#following(list, next);
    // As one state, so that the document has the very concepts and candidates that have been resolved for the layers.
    this.history.dispatch([{ type: 'replace-document', state }], { name: first.type, ...options });
  }

  /** A document that is replaced as a whole has layers of its own, with their masks. */
  #following(commands: readonly DocumentCommand[], next: DocumentState): DocumentState {
    const { present } = this.history;
    if (next.layers.length === 0 || commands.some(({ type }) => type === 'replace-document')) return next;
    const { concepts, parameters } = next;
    const sameObjects = next.candidates === present.candidates && concepts === present.concepts;
    if (sameObjects && parameters.detail === present.parameters.detail) return next;
    const before = this.detections;
    const after = sameObjects ? before : this.#resolve(next).shown;
    const masked = followMasks(before, after, next.layers).reduce(applyCommand, next);
    const was = { detections: before, concepts: present.concepts, detail: present.parameters.detail };
    const is = { detections: after, concepts, detail: parameters.detail };
    return followEdges(was, is, masked.layers).reduce(applyCommand, masked);
  }

  /** The last answer is kept: what is resolved for a step is what is shown after it. */
  #resolve({ concepts, candidates }: Pick<DocumentState, 'concepts' | 'candidates'>): Resolved {
    const picture = this.image?.size ?? NO_PICTURE;
    const last = this.#last;
    if (last?.concepts === concepts && last.candidates === candidates && last.picture === picture)
      return last.resolved;
    const resolved = this.#resolver.resolve({ concepts, candidates, picture });
    this.#last = { concepts, candidates, picture, resolved };
    return resolved;
  }

  /** The number shown beside a detection, from 1 in the order of the list. */
  numberOf(detectionId: string): number {
    return this.#numbers[detectionId] ?? 0;
  }

  conceptOf(detection: Detection): ConceptSpec | undefined {
    return this.concepts.find(({ id }) => id === detection.conceptId);
  }

  detectionsOf(conceptId: string): readonly Detection[] {
    return this.detections.filter((detection) => detection.conceptId === conceptId);
  }

  /** Adds a slot; an empty one that is already there is used first. */
  addConcept(phrase = '', more: Partial<Omit<ConceptSpec, 'id' | 'phrase'>> = {}): string {
    const empty = this.concepts.find((concept) => concept.phrase.trim() === '');
    if (phrase && empty) {
      this.updateConcept(empty.id, { ...more, phrase });
      return empty.id;
    }
    const id = nextConceptId(this.concepts.map((concept) => concept.id));
    const concept = { id, ...this.defaults.concept, ...more, phrase };
    this.dispatch({ type: 'add-concept', concept }, { subject: phrase });
    return id;
  }

  updateConcept(id: string, patch: Partial<Omit<ConceptSpec, 'id'>>): void {
    const subject = this.concepts.find((concept) => concept.id === id)?.phrase ?? '';
    const joinKey = `concept ${id} ${Object.keys(patch).join()}`;
    this.dispatch({ type: 'update-concept', id, patch }, { subject, joinKey });
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
    const followed = this.concepts.map((concept) => followConcept(concept, previous.concept, next.concept));
    const updates = followed.map(({ id, ...patch }) => ({ type: 'update-concept', id, patch }) as const);
    this.dispatch([{ type: 'set-parameters', patch: next.parameters }, ...updates]);
    return 'followed';
  }

  /** How a message offers to take back the step that comes next. @param along what follows that step by itself. */
  checkpoint(along: readonly StepName[] = []): UndoOffer {
    const { run, until } = this.history.checkpoint(along);
    return { label: messages.app.undo, run, until };
  }

  /** What a message offers while something holds that changes with the document alone: after that it does nothing. */
  offerWhile(holds: () => boolean, label: string, act: () => void): UndoOffer {
    const run = () => {
      if (holds()) act();
    };
    return { label, run, until: (withdraw) => this.history.watch({ holds }, withdraw) };
  }

  /** Removes a concept with its detections. */
  removeConcept(id: string): void {
    const subject = this.concepts.find((concept) => concept.id === id)?.phrase ?? '';
    const last = this.concepts.length === 1 && this.concepts[0]?.id === id;
    const fresh: DocumentCommand[] = last
      ? [{ type: 'add-concept', concept: firstConcept(this.defaults) }]
      : [];
    this.dispatch([{ type: 'remove-concept', id }, ...fresh], { subject });
    this.select({ kind: 'document' });
  }

  updateCandidate(id: string, patch: Partial<Omit<Candidate, 'id'>>, options: StepOptions = {}): void {
    const joinKey = `candidate ${id} ${Object.keys(patch).join()}`;
    this.dispatch({ type: 'update-candidates', ids: [id], patch }, { joinKey, ...options });
  }

  removeDetection(id: string): void {
    this.dispatch({ type: 'remove-candidates', ids: [id] }, { subject: String(this.numberOf(id)) });
    this.select({ kind: 'document' });
  }

  tick(id: string, tick: boolean): void {
    this.dispatch(
      { type: 'update-candidates', ids: [id], patch: { tick } },
      { name: 'tick', subject: String(this.numberOf(id)) },
    );
  }

  tickConcept(conceptId: string, tick: boolean): void {
    const ids = this.detectionsOf(conceptId).map(({ id }) => id);
    this.dispatch({ type: 'update-candidates', ids, patch: { tick } }, { name: 'tick' });
  }

  tickOnly(id: string): void {
    const others = this.detections.filter((item) => item.id !== id).map((item) => item.id);
    this.dispatch(
      [
        { type: 'update-candidates', ids: others, patch: { tick: false } },
        { type: 'update-candidates', ids: [id], patch: { tick: true } },
      ],
      { name: 'tick', subject: String(this.numberOf(id)) },
    );
  }

  /** Replaces part of one section of the parameters. */
  setParameters<K extends SectionName>(section: K, patch: Partial<StudioParameters[K]>): void {
    this.patchParameters({ [section]: { ...this.parameters[section], ...patch } }, Object.keys(patch).join());
  }

  patchParameters(patch: Partial<StudioParameters>, what = ''): void {
    const joinKey = `parameters ${Object.keys(patch).join()} ${what}`;
    this.dispatch({ type: 'set-parameters', patch }, { joinKey, subject: Object.keys(patch).join() });
  }

  select(selection: Selection): void {
    this.selection = selection;
  }

  /** The detection after or before the selected one, round and round. */
  stepDetection(direction: 1 | -1): Detection | undefined {
    const count = this.detections.length;
    const current = this.detections.findIndex(({ id }) => id === this.selectedDetection?.id);
    const start = current < 0 && direction < 0 ? 0 : current;
    const next = count ? this.detections[(start + direction + count) % count] : undefined;
    if (next) this.select({ kind: 'detection', id: next.id });
    return next;
  }

  /** Takes a newly opened picture: detections, layers and history belonged to the old one. */
  takeImage(image: OpenDocument): void {
    if (this.image) URL.revokeObjectURL(this.image.url);
    this.image = image;
    const { parameters } = this;
    // Examples are boxes of the picture before.
    const concepts = this.concepts.map((concept) =>
      concept.examples ? { ...concept, examples: undefined } : concept,
    );
    this.begin({ ...emptyDocument(this.defaults), concepts, parameters });
    this.select({ kind: 'document' });
  }

  /** Goes on with the history of a picture that was opened again. */
  resume(history: DocumentHistory): void {
    this.history.resume(history);
  }

  /** Without a picture, as at the start; what to paint with stays. */
  close(): void {
    if (this.image) URL.revokeObjectURL(this.image.url);
    this.image = null;
    this.begin({ ...emptyDocument(this.defaults), parameters: this.parameters });
    this.select({ kind: 'document' });
  }

  /** Starts a history with these concepts, e.g. those a sample is about. */
  beginWith(phrases: readonly string[]): void {
    const concepts = phrases.reduce<readonly ConceptSpec[]>((known, phrase) => {
      const id = nextConceptId(known.map((concept) => concept.id));
      return [...known, { id, ...this.defaults.concept, phrase }];
    }, []);
    this.begin({ ...this.history.present, concepts });
  }

  /** Starts a history with this document. */
  begin(state: DocumentState): void {
    this.history.reset(state);
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
