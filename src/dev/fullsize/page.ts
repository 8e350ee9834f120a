import { wrap, type Remote } from 'comlink';
import type { Adapter, LoadWorkerApi } from './load-worker.ts';

let running: { readonly worker: Worker; readonly api: Remote<LoadWorkerApi> } | null = null;

/** Runs inside Chromium (chromium-page.ts): files come from a picker, the work is done in a worker, as in the product. */
export async function startWorker(): Promise<Adapter> {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { type: 'module' });
  const api = wrap<LoadWorkerApi>(worker);
  running = { worker, api };
  return api.open([...(document.querySelector('input')?.files ?? [])]);
}

export function callWorker(method: keyof LoadWorkerApi, args: readonly unknown[]): Promise<unknown> {
  if (!running) throw new Error('startWorker() comes first');
  const call = running.api[method] as unknown as (...args: readonly unknown[]) => Promise<unknown>;
  return call(...args);
}

export function killWorker(): void {
  running?.worker.terminate();
  running = null;
}
