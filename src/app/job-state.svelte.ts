import type { Layer } from '#domain/document/layer.ts';
import type { JobEvent, JobPhase } from '#domain/job/events.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import type { Words } from '#domain/job/sentence.ts';
import { messages, said, type Saying } from './messages.ts';

export type JobKind = 'detect' | 'refine' | 'export';

/** The one running job, as the bar and the canvas show it. Its id is gone with it, so that late answers find nobody. */
export class JobState {
  kind = $state.raw<JobKind | null>(null);
  id = $state.raw('');
  phase = $state.raw<JobPhase | null>(null);
  fraction = $state.raw(0);
  remainingMs = $state.raw<number | null>(null);
  #detail = $state.raw<Words>('');
  stopping = $state.raw(false);
  /** The stop is taking long, and there are layers that the next worker has to read back: the user decides. */
  stuck = $state.raw(false);
  areas = $state.raw<readonly Rect<'canvas'>[]>([]);
  #notices = $state.raw<readonly Words[]>([]);
  #outcome = $state.raw<Saying>('');

  /** Ids of the layers in `areas`; nothing shows it. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity
  readonly #finished = new Set<string>();
  /** Runs out when a stop takes too long; belongs to the present job alone. */
  #patience: ReturnType<typeof setTimeout> | undefined;

  readonly running = $derived(this.kind !== null);
  readonly detail = $derived(said(this.#detail));
  readonly notices = $derived(this.#notices.map(said));
  /** What the last job came to, shown until the next one starts. */
  readonly outcome = $derived(said(this.#outcome));
  readonly phaseText = $derived(this.phase ? messages.bar.phases[this.phase] : '');
  readonly #tenths = $derived(Math.floor(this.fraction * 10) * 10);
  /** For the live region: changes with the phase and every tenth, not with every step. */
  readonly announcement = $derived(
    this.running && this.phase ? messages.bar.announce(this.phaseText, this.#tenths) : this.outcome,
  );

  isCurrent(id: string): boolean {
    return this.running && this.id === id;
  }

  begin(kind: JobKind): string {
    clearTimeout(this.#patience);
    this.kind = kind;
    this.id = crypto.randomUUID();
    this.phase = null;
    this.fraction = 0;
    this.remainingMs = null;
    this.#detail = '';
    this.stopping = false;
    this.stuck = false;
    this.areas = [];
    this.#finished.clear();
    this.#notices = [];
    this.#outcome = '';
    return this.id;
  }

  /** Takes an event of job `id`; late events of an earlier job are dropped. */
  apply(id: string, event: JobEvent): void {
    if (!this.isCurrent(id)) return;
    if (event.kind === 'layer') this.#finish(event.layer);
    else if (event.kind === 'notice') this.#notices = [...this.#notices, event.message];
    else {
      this.phase = event.phase;
      this.fraction = Math.max(this.fraction, event.fraction);
      this.remainingMs = event.remainingMs;
      this.#detail = event.detail;
    }
  }

  /** A layer is announced again when it gets a further variation or its likeness is known. */
  #finish({ id, area }: Layer): void {
    if (this.#finished.has(id)) return;
    this.#finished.add(id);
    this.areas = [...this.areas, area];
  }

  /** Marks the job as stopping and calls `onLate` if this very job still runs after `patienceMs`. */
  stopWithin(patienceMs: number, onLate: () => void): void {
    const { id } = this;
    this.stopping = true;
    this.#patience = setTimeout(() => {
      if (this.isCurrent(id)) onLate();
    }, patienceMs);
  }

  finish(outcome: Saying): void {
    clearTimeout(this.#patience);
    this.kind = null;
    this.id = '';
    this.stopping = false;
    this.stuck = false;
    this.#outcome = outcome;
  }
}
