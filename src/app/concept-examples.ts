import type { ConceptExample, ConceptSpec, Detection } from '#domain/job/request.ts';
import type { ConceptLooks } from './concept-looks.svelte.ts';
import { messages } from './messages.ts';
import { isAskable } from './requests.ts';
import type { OperationsHost } from './detection-operations.ts';

/** A request has room for so many per concept. */
const MAX_EXAMPLES = 64;

/** Objects of the picture that show what a concept means, or does not mean. */
export class ConceptExamples {
  readonly #host: OperationsHost;
  readonly #looks: ConceptLooks;

  constructor(host: OperationsHost, looks: ConceptLooks) {
    this.#host = host;
    this.#looks = looks;
  }

  /** Makes a detection an example of its concept, and looks again. One that is none is unticked. */
  add({ id, conceptId, box }: Detection, positive: boolean): void {
    const { document, notifier } = this.#host;
    const concept = document.concepts.find((one) => one.id === conceptId);
    if (!concept) return;
    const others = (concept.examples ?? []).filter((example) => !sameBox(example, box));
    if (others.length >= MAX_EXAMPLES) return notifier.info(messages.examples.full);
    const examples = [...others, { box, positive }];
    document.dispatch(
      [
        { type: 'update-concept', id: conceptId, patch: { examples } },
        ...(positive ? [] : ([{ type: 'update-candidates', ids: [id], patch: { tick: false } }] as const)),
      ],
      { name: 'example', subject: concept.phrase },
    );
    this.#looks.now(conceptId);
  }

  remove(concept: ConceptSpec, example: ConceptExample): void {
    const { document } = this.#host;
    const examples = (concept.examples ?? []).filter((one) => one !== example);
    document.dispatch(
      { type: 'update-concept', id: concept.id, patch: { examples } },
      { name: 'example', subject: concept.phrase },
    );
    if (isAskable({ ...concept, examples })) this.#looks.now(concept.id);
    else this.#looks.forget(concept.id);
  }
}

function sameBox({ box }: ConceptExample, other: Detection['box']): boolean {
  return box.x === other.x && box.y === other.y && box.width === other.width && box.height === other.height;
}
