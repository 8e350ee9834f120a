import { WorkerClient, type Result, type RuntimeInfo } from '#app/worker-client.ts';

export type Handler = (...args: never[]) => unknown;

/** A worker that answers at once by a script; what the script does not mention is done and says nothing. */
export class ScriptedClient extends WorkerClient {
  readonly calls: { readonly method: string; readonly args: readonly unknown[] }[] = [];
  readonly script: Record<string, Handler> = {};

  override start(): Promise<Result<RuntimeInfo>> {
    const runtime: RuntimeInfo = { networks: 'CPU', kernels: 'CPU', accelerated: false, models: [] };
    return Promise.resolve({ ok: true, value: runtime });
  }

  override call<T>(request: (api: never, viewer: never) => Promise<Result<T>>): Promise<Result<T>> {
    return request(this.#api, this.#api);
  }

  override send(request: (api: never, viewer: never) => Promise<unknown>): Promise<void> {
    return request(this.#api, this.#api).then(() => undefined);
  }

  override terminate(): void {
    // There is nothing to end.
  }

  of(method: string): readonly (readonly unknown[])[] {
    return this.calls.filter((call) => call.method === method).map(({ args }) => args);
  }

  get #api(): never {
    const answer =
      (method: string) =>
      async (...args: unknown[]) => {
        this.calls.push({ method, args });
        const value = await this.script[method]?.(...(args as never[]));
        return isResult(value) ? value : { ok: true, value };
      };
    const api: object = new Proxy(
      {},
      { get: (_target, name) => (['models', 'layers'].includes(String(name)) ? api : answer(String(name))) },
    );
    return api as never;
  }
}

function isResult(value: unknown): value is Result<unknown> {
  return typeof value === 'object' && value !== null && 'ok' in value;
}
