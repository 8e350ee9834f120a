import { WorkerClient, type Result } from '#app/worker-client.ts';

/** A worker nothing is asked of. */
export class SilentClient extends WorkerClient {
  constructor() {
    super(() => undefined);
  }

  override call<T>(): Promise<Result<T>> {
    return new Promise(() => undefined);
  }

  override send(): Promise<void> {
    return Promise.resolve();
  }
}
