import { modelMessages } from './messages-models.ts';
import type { JobId, Result, TransferEvent } from './worker-client.ts';

const texts = modelMessages.transfer;

/** Starts the transfer in the worker; a repeated call resumes what was stopped. */
export type TransferCall = (
  job: JobId,
  onTransfer: (event: TransferEvent) => void,
) => Promise<Result<unknown>>;

/** A file on its way into the browser's storage, as the view shows it. */
export interface Transfer {
  /** Of the library entry that is copied, or the catalogue item that is fetched. */
  readonly key: string;
  readonly job: JobId;
  readonly title: string;
  readonly status: 'running' | 'paused' | 'failed';
  readonly event: TransferEvent | null;
  /** Why it failed; empty otherwise. */
  readonly problem: string;
  /** How to go on. Remembers a download's access token for as long as it may be resumed, and nothing else does. */
  readonly call: TransferCall;
  readonly onDone: () => void;
}

/** Imports and downloads: each runs until it is there, is stopped, or fails, and can go on from where it was. */
export class Transfers {
  list = $state.raw<readonly Transfer[]>([]);
  readonly running = $derived(this.list.filter(({ status }) => status === 'running'));
  /** For the live region: changes with every tenth, not with every chunk. */
  readonly announcement = $derived(
    this.list
      .map(
        ({ title, event, problem }) => problem || texts.announce(title, Math.floor(share(event) * 10) * 10),
      )
      .join('. '),
  );
  readonly #cancel: (job: JobId) => void;

  /** @param cancel tells the worker to stop a transfer. */
  constructor(cancel: (job: JobId) => void) {
    this.#cancel = cancel;
  }

  of(key: string | null): Transfer | undefined {
    return this.list.find((transfer) => transfer.key === key);
  }

  /** Starts a transfer unless it is running; `onDone` is called once everything has arrived. */
  async start(key: string, title: string, call: TransferCall, onDone: () => void): Promise<void> {
    if (this.of(key)?.status === 'running') return;
    const event = this.of(key)?.event ?? null;
    await this.#run({
      key,
      job: crypto.randomUUID(),
      title,
      status: 'running',
      event,
      problem: '',
      call,
      onDone,
    });
  }

  async resume(key: string): Promise<void> {
    const stopped = this.of(key);
    if (!stopped || stopped.status === 'running') return;
    await this.#run({ ...stopped, job: crypto.randomUUID(), status: 'running', problem: '' });
  }

  stop(key: string): void {
    const transfer = this.of(key);
    if (transfer?.status === 'running') this.#cancel(transfer.job);
  }

  /** Takes a stopped or failed transfer off the list. */
  dismiss(key: string): void {
    this.list = this.list.filter((transfer) => transfer.key !== key);
  }

  async #run(transfer: Transfer): Promise<void> {
    const { key, job, call, onDone } = transfer;
    this.list = this.of(key)
      ? this.list.map((each) => (each.key === key ? transfer : each))
      : [...this.list, transfer];
    const result = await call(job, (event) => this.#change(job, { event }));
    if (result.ok) {
      this.dismiss(key);
      onDone();
    } else if (result.error.code === 'aborted') this.#change(job, { status: 'paused' });
    else this.#change(job, { status: 'failed', problem: result.error.message });
  }

  /** Late events of an earlier attempt find no transfer of their job. */
  #change(job: JobId, patch: Partial<Transfer>): void {
    this.list = this.list.map((each) => (each.job === job ? { ...each, ...patch } : each));
  }
}

/** Finished share of a transfer, 0 to 1. */
export function share(event: TransferEvent | null): number {
  return event && event.totalBytes > 0 ? Math.min(1, event.doneBytes / event.totalBytes) : 0;
}
