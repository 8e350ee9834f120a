import type { JobEvent } from '#domain/job/events.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import type { Words } from '#domain/job/sentence.ts';
import { ConceptAnswers } from './concept-answers.ts';
import type { CommandHost } from './job-runner.ts';
import { buildLookRequest, isAskable } from './requests.ts';
import type { ViewState } from './view-state.svelte.ts';
import { callback, type DetectResult, type LookResult, type Result } from './worker-client.ts';

/** A pause this long in typing asks. */
export const LOOK_DELAY_MS = 400;

/** How far the answer about one concept is. */
export type Look =
  | { readonly kind: 'waiting' }
  /** `detail`: what is being worked on, where that takes long. */
  | { readonly kind: 'looking'; readonly detail: Words }
  | {
      readonly kind: 'found';
      /** What was asked for; an answer to another phrase says nothing about the present one. */
      readonly phrase: string;
      readonly presence: number;
      /** As much of the phrase as the model could read, where that is not all of it. */
      readonly readAs: string | null;
      /** 0 when the picture was encoded already. */
      readonly encodeMs: number;
      /** Null where it was part of a run for everything. */
      readonly decodeMs: number | null;
    }
  | { readonly kind: 'failed'; readonly message: Words };

export type LookHost = CommandHost & { readonly view: ViewState };

interface Present {
  readonly conceptId: string;
  readonly job: string;
}

/**
 * Looks for single concepts as they are named or changed: one at a time, of one concept only the newest wish. Nothing is
 * asked while a job runs or no picture is open; what was wished meanwhile is asked afterwards.
 */
export class ConceptLooks {
  /** By concept id. */
  looks = $state.raw<Readonly<Record<string, Look>>>({});
  /** Whether typing asks by itself. */
  whileTyping = $state.raw(true);
  readonly #host: LookHost;
  readonly #answers: ConceptAnswers;
  // Nothing on the page shows it.
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Concepts whose turn comes, longest waiting first. */
  #queue: readonly string[] = [];
  #present: Present | null = null;

  constructor(host: LookHost, answers: ConceptAnswers) {
    this.#host = host;
    this.#answers = answers;
  }

  /** The phrase of a concept has been changed. */
  typed(conceptId: string, phrase: string): void {
    this.#host.document.updateConcept(conceptId, { phrase });
    if (this.whileTyping) this.soon(conceptId);
    else this.forget(conceptId);
  }

  /** Asks after a pause. */
  soon(conceptId: string): void {
    this.forget(conceptId);
    if (!this.#askable(conceptId) || !this.#host.document.image) return;
    this.#set(conceptId, { kind: 'waiting' });
    const timer = setTimeout(() => {
      this.#timers.delete(conceptId);
      this.#enqueue(conceptId);
    }, LOOK_DELAY_MS);
    this.#timers.set(conceptId, timer);
  }

  /** Asks at once. */
  now(conceptId: string): void {
    this.forget(conceptId);
    if (!this.#askable(conceptId) || !this.#host.document.image) return;
    this.#set(conceptId, { kind: 'waiting' });
    this.#enqueue(conceptId);
  }

  /** What was wished or answered about a concept no longer counts. */
  forget(conceptId: string): void {
    clearTimeout(this.#timers.get(conceptId));
    this.#timers.delete(conceptId);
    this.#queue = this.#queue.filter((id) => id !== conceptId);
    if (this.#present?.conceptId === conceptId) this.#drop();
    this.looks = Object.fromEntries(Object.entries(this.looks).filter(([id]) => id !== conceptId));
  }

  /** Something that asks for everything, or another picture, makes all wishes void. */
  forgetAll(): void {
    for (const id of Object.keys(this.looks)) this.forget(id);
  }

  /** A run for everything has answered: what it says about each concept stays beside it. */
  answered(
    concepts: readonly ConceptSpec[],
    { presence, readAs }: Pick<DetectResult, 'presence' | 'readAs'>,
  ): void {
    for (const { id, phrase } of concepts)
      this.#set(id, {
        kind: 'found',
        phrase: phrase.trim(),
        presence: presence[id] ?? 0,
        readAs: readAs[id] ?? null,
        encodeMs: 0,
        decodeMs: null,
      });
  }

  /** A job has begun, and needs the models: what is being asked waits. */
  pause(): void {
    const { conceptId } = this.#present ?? {};
    if (conceptId === undefined) return;
    this.#drop();
    this.#queue = [conceptId, ...this.#queue];
    this.#set(conceptId, { kind: 'waiting' });
  }

  /** Asks what has been waiting. */
  resume(): void {
    void this.#next();
  }

  /** What came of the concept as it is now; null when nothing did. */
  of({ id, phrase }: ConceptSpec): Look | null {
    const look = this.looks[id];
    return look && (look.kind !== 'found' || look.phrase === phrase.trim()) ? look : null;
  }

  #enqueue(conceptId: string): void {
    this.#queue = [...this.#queue, conceptId];
    void this.#next();
  }

  async #next(): Promise<void> {
    const { document, job } = this.#host;
    const [conceptId, ...rest] = this.#queue;
    if (conceptId === undefined || this.#present || job.running || !document.ready) return;
    this.#queue = rest;
    const concept = this.#concept(conceptId);
    if (concept && isAskable(concept)) await this.#look(concept);
    void this.#next();
  }

  async #look(concept: ConceptSpec): Promise<void> {
    const { client, document } = this.#host;
    const { image } = document;
    const present: Present = { conceptId: concept.id, job: crypto.randomUUID() };
    this.#present = present;
    this.#set(concept.id, { kind: 'looking', detail: '' });
    const follow = callback((event: JobEvent) => {
      if (this.#present === present && event.kind === 'progress' && event.phase !== 'detect')
        this.#set(concept.id, { kind: 'looking', detail: event.detail });
    });
    const answer = await client.call((api) =>
      api.concepts.look(present.job, buildLookRequest(concept), follow),
    );
    if (this.#present !== present) return;
    this.#present = null;
    if (document.image === image && this.#isStill(concept)) this.#take(concept, answer);
    else this.forget(concept.id);
  }

  #take(concept: ConceptSpec, answer: Result<LookResult>): void {
    const { explain, view } = this.#host;
    const phrase = concept.phrase.trim();
    if (!answer.ok) {
      if (answer.error.code === 'gpu-lost') explain(answer.error);
      if (answer.error.code === 'aborted') return this.forget(concept.id);
      return this.#set(concept.id, {
        kind: 'failed',
        message: answer.error.sentence ?? answer.error.message,
      });
    }
    const { found, ...report } = answer.value;
    this.#set(concept.id, { kind: 'found', phrase, ...report });
    this.#answers.take({
      concepts: [concept],
      found,
      presence: { [concept.id]: report.presence },
      subject: phrase,
    });
    view.showMasks();
  }

  /** Whether the concept still asks what it asked; it may have been undone meanwhile. */
  #isStill(asked: ConceptSpec): boolean {
    const now = this.#concept(asked.id);
    return now?.phrase.trim() === asked.phrase.trim() && now.examples === asked.examples;
  }

  /** The answer on its way is for nobody. */
  #drop(): void {
    const { job } = this.#present as Present;
    this.#present = null;
    void this.#host.client.send((api) => api.cancel(job));
  }

  #askable(conceptId: string): boolean {
    const concept = this.#concept(conceptId);
    return concept !== undefined && isAskable(concept);
  }

  #concept(conceptId: string): ConceptSpec | undefined {
    return this.#host.document.concepts.find(({ id }) => id === conceptId);
  }

  #set(conceptId: string, look: Look): void {
    this.looks = { ...this.looks, [conceptId]: look };
  }
}
