import { sentence } from '#domain/job/sentence.ts';
import type { PromptSyntax } from '#domain/job/request.ts';
import { canAnchor } from './anchors.ts';
import type { JobContext, ProgressTracker } from './progress.ts';
import type { PromptEncoder, Services, TextConditioning } from './services.ts';

/** Every prompt of a job encoded once, before the step graph is loaded, so that the text encoders can go. */
export class PromptLibrary {
  readonly #encoded: ReadonlyMap<string, TextConditioning>;

  private constructor(encoded: ReadonlyMap<string, TextConditioning>) {
    this.#encoded = encoded;
  }

  static async encode(
    prompts: readonly string[],
    syntax: PromptSyntax,
    encoder: PromptEncoder,
    tracker: ProgressTracker,
  ): Promise<PromptLibrary> {
    const encoded = new Map<string, TextConditioning>();
    try {
      for (const prompt of new Set(prompts))
        encoded.set(
          prompt,
          await tracker.work('prompt', 1, 'conditioning', sentence`reading the prompts`, () =>
            encoder.encode(prompt, syntax),
          ),
        );
    } finally {
      await encoder.rest();
    }
    return new PromptLibrary(encoded);
  }

  get(prompt: string): Promise<TextConditioning> {
    const found = this.#encoded.get(prompt);
    return found
      ? Promise.resolve(found)
      : Promise.reject(new RangeError(`prompt was not encoded: "${prompt}"`));
  }
}

/** Says which parts of the conditioning are missing, once per job. */
export function announceMissing(services: Services, anchorsWanted: boolean, context: JobContext): void {
  if (!anchorsWanted) return;
  if (!canAnchor(services))
    context.onEvent({
      kind: 'notice',
      message: sentence`No vision model or IP-Adapter is loaded, so image anchors are off: this run is guided by text alone.`,
    });
}
