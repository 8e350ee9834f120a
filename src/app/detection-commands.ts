import { matchCandidates } from '#domain/detection/rerun.ts';
import { messages } from './messages.ts';
import type { CommandHost, JobRunner } from './job-runner.ts';
import { buildDetectRequest } from './requests.ts';
import type { ViewState } from './view-state.svelte.ts';

/** Everything that finds objects or changes what is listed. */
export class DetectionCommands {
  readonly #host: CommandHost & { readonly view: ViewState };
  readonly #runner: JobRunner;

  constructor(host: CommandHost & { readonly view: ViewState }, runner: JobRunner) {
    this.#host = host;
    this.#runner = runner;
  }

  /** Looks for every concept. Ticks, edits and settings of objects that are found again stay. */
  async detect(): Promise<void> {
    const { document, client, view } = this.#host;
    const { concepts } = document;
    const request = buildDetectRequest(concepts);
    await this.#runner.run({
      kind: 'detect',
      request: (id, onEvent) => client.call((api) => api.detect(id, request, onEvent)),
      take: ({ found, presence }) => {
        const runId = crypto.randomUUID();
        const candidates = matchCandidates({ previous: document.candidates, found, concepts, runId });
        document.dispatch(
          { type: 'set-candidates', candidates, presence: { ...document.presence, ...presence } },
          { name: 'detect' },
        );
        view.showMasks();
        return messages.bar.detected(document.detections.length, request.concepts.length);
      },
    });
  }
}
