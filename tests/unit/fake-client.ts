import { vi } from 'vitest';
import { WorkerClient, type Result, type RuntimeInfo } from '#app/worker-client.ts';

export type Answer = Result<unknown>;
export interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly answer: (value: Answer) => Promise<void>;
}

export const runtimeWith = (demo: boolean): RuntimeInfo => ({
  networks: 'CPU',
  kernels: 'CPU',
  accelerated: false,
  models: [{ role: 'checkpoint', name: 'x.safetensors', description: '', bytes: 1, demo }],
});
export const ok = (value: unknown): Answer => ({ ok: true, value });
export const failed = (code: 'aborted' | 'gpu-lost' | 'bad-file', message: string = code): Answer => ({
  ok: false,
  error: { code, message },
});

export const flush = () => vi.advanceTimersByTimeAsync(0);

/** A worker that answers when the test says so, and dies as the real one does: every waiting call is aborted. */
export class FakeClient extends WorkerClient {
  readonly calls: Call[] = [];
  terminations = 0;
  #aborts: (() => void)[] = [];

  override start(): Promise<Result<RuntimeInfo>> {
    return Promise.resolve({ ok: true, value: runtimeWith(true) });
  }

  override call<T>(request: (api: never, viewer: never) => Promise<Result<T>>): Promise<Result<T>> {
    const gone = new Promise<Result<T>>((settle) =>
      this.#aborts.push(() => settle(failed('aborted') as Result<T>)),
    );
    return Promise.race([request(this.#api(), this.#api()), gone]);
  }

  override send(request: (api: never, viewer: never) => Promise<unknown>): Promise<void> {
    void request(this.#api(), this.#api());
    return Promise.resolve();
  }

  override terminate(): void {
    this.terminations++;
    for (const abort of this.#aborts) abort();
    this.#aborts = [];
  }

  of(method: string): readonly Call[] {
    return this.calls.filter((call) => call.method === method);
  }

  last(method: string): Call {
    const call = this.of(method).at(-1);
    if (!call) throw new Error(`${method} was not called`);
    return call;
  }

  #api(): never {
    const method =
      (name: string) =>
      (...args: unknown[]) =>
        new Promise<Answer>((settle) => {
          const answer = (value: Answer) => {
            settle(value);
            return flush().then(() => undefined);
          };
          this.calls.push({ method: name, args, answer });
        });
    const api: object = new Proxy(
      {},
      {
        get: (_target, name) =>
          ['models', 'layers', 'concepts', 'masks'].includes(String(name)) ? api : method(String(name)),
      },
    );
    return api as never;
  }
}
