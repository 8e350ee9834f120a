import { proxyMarker } from 'comlink';
import { AppError } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { MaskRle } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { ImageFeatures } from '#pipelines/image-features.ts';
import { look } from '#pipelines/look.ts';
import { pick } from '#pipelines/pick.ts';
import type { JobContext } from '#pipelines/progress.ts';
import type { Services } from '#pipelines/services.ts';
import type { ConceptsApi, LookRequest, LookResult, PickPrompt, PickResult } from './api-concepts.ts';
import type { JobId, Result } from './api.ts';
import type { Backend } from './backend.ts';
import { asResult, type Jobs } from './jobs.ts';
import { Newest } from './newest.ts';

/** What the concept studio needs of the studio around it. */
export interface ConceptsHost {
  readonly jobs: Jobs;
  readonly features: ImageFeatures;
  /** @throws AppError `bad-request` when no picture is open. */
  picture(): Raster8<'image'>;
  /** @throws AppError while the studio is starting. */
  backend(): Backend;
}

/** The concept studio's side of the contract: phrases, examples and clicks against features that are kept. */
export class StudioConcepts implements ConceptsApi {
  /** Comlink passes this by proxy. */
  readonly [proxyMarker] = true;
  readonly #host: ConceptsHost;
  /** Looks on their way, by concept. */
  readonly #looks = new Map<string, JobId>();
  readonly #hovers = new Newest();

  constructor(host: ConceptsHost) {
    this.#host = host;
  }

  /** The newest wish of a concept wins: an older one that is still on its way is stopped. */
  async look(
    job: JobId,
    request: LookRequest,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<LookResult>> {
    const { jobs, features } = this.#host;
    const older = this.#looks.get(request.conceptId);
    if (older !== undefined) jobs.cancel(older);
    this.#looks.set(request.conceptId, job);
    const result = await jobs.run(job, onEvent, (context) =>
      this.#withNetworks(context, (services, image) => look(image, request, services, features, context)),
    );
    if (this.#looks.get(request.conceptId) === job) this.#looks.delete(request.conceptId);
    return result;
  }

  pick(prompt: PickPrompt): Promise<Result<PickResult>> {
    return asResult(() => this.#pick(prompt));
  }

  /** While a job runs there is no preview: it would bring SAM 3 to the device at the cost of the job's networks. */
  hover(x: number, y: number): Promise<Result<MaskRle | null>> {
    const prompt = { points: [{ x, y, positive: true }], box: null, mask: null };
    return asResult(() =>
      this.#hovers.run(async () => {
        if (this.#host.backend().busy) return null;
        return (await this.#pick(prompt)).mask;
      }),
    );
  }

  canPick(): Promise<boolean> {
    return Promise.resolve(this.#host.backend().canPick);
  }

  #pick(prompt: PickPrompt): Promise<PickResult> {
    const context = { signal: new AbortController().signal, onEvent: () => undefined };
    return this.#withNetworks(context, ({ segmenter }, image) =>
      pick(image, prompt, segmenter, this.#host.features),
    );
  }

  /** Runs work on the open picture; its answer counts only while that picture is still open. */
  #withNetworks<T>(
    context: JobContext,
    work: (services: Services, image: Raster8<'image'>) => Promise<T>,
  ): Promise<T> {
    const image = this.#host.picture();
    const backend = this.#host.backend();
    return backend.during(async () => {
      const attempt = async () => work(await backend.detecting(context), image);
      const result = await attempt().catch((error: unknown) => {
        if (!stoppedByAnother(error, context.signal)) throw error;
        return attempt();
      });
      if (this.#host.picture() !== image) throw new AppError('aborted', 'Stopped.');
      return result;
    });
  }
}

/** A load serves whoever began it: one that was stopped may have been shared, and is begun again. */
function stoppedByAnother(error: unknown, signal: AbortSignal): boolean {
  return error instanceof AppError && error.code === 'aborted' && !signal.aborted;
}
