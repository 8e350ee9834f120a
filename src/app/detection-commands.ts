import type { JobEvent } from '#domain/job/events.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import { ConceptAnswers } from './concept-answers.ts';
import { ConceptExamples } from './concept-examples.ts';
import { ConceptList } from './concept-list.svelte.ts';
import { ConceptLooks, type LookHost } from './concept-looks.svelte.ts';
import { DetectionOperations, type OperationsHost } from './detection-operations.ts';
import { ConceptPresets } from './concept-presets.svelte.ts';
import { messages } from './messages.ts';
import type { JobRunner } from './job-runner.ts';
import { buildDetectRequest, buildLookRequest, isAskable, isMoreThanPhrase } from './requests.ts';
import { callback, type DetectResult, type Result } from './worker-client.ts';

type Follow = (event: JobEvent) => void;
type Ask = (onEvent: Follow) => Promise<Result<DetectResult>>;

const STOPPED = { ok: false, error: { code: 'aborted', message: 'Stopped.' } } as const;

/** Everything that finds objects or changes what is listed. */
export class DetectionCommands {
  readonly answers: ConceptAnswers;
  /** Looks for single concepts, while they are typed. */
  readonly looks: ConceptLooks;
  /** What is folded in the list, and what is there twice. */
  readonly list: ConceptList;
  readonly examples: ConceptExamples;
  readonly operations: DetectionOperations;
  readonly presets: ConceptPresets;
  readonly #host: LookHost;
  readonly #runner: JobRunner;

  constructor(host: LookHost & OperationsHost, runner: JobRunner) {
    this.#host = host;
    this.#runner = runner;
    this.answers = new ConceptAnswers(host.document);
    this.list = new ConceptList(host.document);
    this.looks = new ConceptLooks(host, this.answers);
    this.examples = new ConceptExamples(host, this.looks);
    this.presets = new ConceptPresets(host, this.looks, this.answers);
    this.operations = new DetectionOperations(host);
  }

  /** Looks for every concept. Ticks, edits and settings of objects that are found again stay. */
  async detect(): Promise<void> {
    const { document, view } = this.#host;
    const concepts = document.concepts.filter(isAskable);
    this.looks.forgetAll();
    await this.#runner.run({
      kind: 'detect',
      request: (id, onEvent) => this.#ask(id, concepts, onEvent),
      take: ({ found, ...report }) => {
        this.answers.take({ concepts, found, presence: report.presence });
        this.looks.answered(concepts, report);
        view.showMasks();
        const count = document.detections.length;
        return () => messages.bar.detected(count, concepts.length);
      },
    });
  }

  /** Phrases are asked together; what has examples or tiles is looked for by itself, after them. */
  async #ask(id: string, concepts: readonly ConceptSpec[], onEvent: Follow): Promise<Result<DetectResult>> {
    const plain = concepts.filter((concept) => !isMoreThanPhrase(concept));
    const asks = concepts.filter(isMoreThanPhrase).map((concept) => this.#askOne(id, concept));
    if (plain.length > 0) asks.unshift(this.#askPhrases(id, plain));
    let all: DetectResult = { found: [], presence: {}, readAs: {} };
    for (const [index, ask] of asks.entries()) {
      if (this.#host.job.stopping) return STOPPED;
      const answer = await ask(partOf(onEvent, index, asks.length));
      if (!answer.ok) return answer;
      const { found, presence, readAs } = answer.value;
      all = {
        found: [...all.found, ...found],
        presence: { ...all.presence, ...presence },
        readAs: { ...all.readAs, ...readAs },
      };
    }
    return { ok: true, value: all };
  }

  #askPhrases(id: string, concepts: readonly ConceptSpec[]): Ask {
    const request = buildDetectRequest(concepts);
    return (onEvent) => this.#host.client.call((api) => api.detect(id, request, onEvent));
  }

  #askOne(id: string, concept: ConceptSpec): Ask {
    const request = buildLookRequest(concept);
    return async (onEvent) => {
      const answer = await this.#host.client.call((api) => api.concepts.look(id, request, onEvent));
      if (!answer.ok) return answer;
      const { found, presence, readAs } = answer.value;
      const cut = readAs === null ? {} : { [concept.id]: readAs };
      return { ok: true, value: { found, presence: { [concept.id]: presence }, readAs: cut } };
    };
  }
}

/** Events of one of several parts, as the whole job's. */
function partOf(onEvent: Follow, index: number, count: number): Follow {
  return callback((event) =>
    onEvent(
      event.kind === 'progress'
        ? {
            ...event,
            fraction: (index + event.fraction) / count,
            remainingMs: count > 1 ? null : event.remainingMs,
          }
        : event,
    ),
  );
}
