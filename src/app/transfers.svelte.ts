import { messages } from './messages.ts';
import type { JobId, Result, TransferEvent, UnfinishedCopy } from './worker-client.ts';

const texts = messages.models.transfer;

/** Starts the transfer in the worker; a repeated call resumes what was stopped. */
export type TransferCall = (
  job: JobId,
  onTransfer: (event: TransferEvent) => void,
) => Promise<Result<unknown>>;

/** What is to be brought into the browser's storage. */
export interface TransferOrder {
  /** Of the library entry that is copied, or the catalogue item that is fetched. */
  readonly key: string;
  readonly title: string;
  /** What the file is called in the storage. */
  readonly fileName: string;
  /** How to go on. Remembers a download's access token for as long as it may be resumed, and nothing else does. */
  readonly call: TransferCall;
  /** Called once everything has arrived. */
  readonly onDone: () => void;
}

/** A file on its way into the browser's storage, as the view shows it. */
export interface Transfer extends TransferOrder {
  readonly job: JobId;
  readonly status: 'running' | 'paused' | 'failed';
  /** The user wants it to stop. */
  readonly stopping: boolean;
  readonly event: TransferEvent | null;
  /** Why it failed, or paused without the user's wish; empty otherwise. */
  readonly problem: string;
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

  /** Whether an interrupted copy is one of these transfers: its own row says how it goes on, or ends. */
  holds({ name, totalBytes }: Pick<UnfinishedCopy, 'name' | 'totalBytes'>): boolean {
    return this.list.some(
      ({ fileName, event }) => fileName === name && (event === null || event.totalBytes === totalBytes),
    );
  }

  /** Starts a transfer unless it is running. */
  async start(order: TransferOrder): Promise<void> {
    const known = this.of(order.key);
    if (known?.status !== 'running') await this.#run(order, known?.event ?? null);
  }

  async resume(key: string): Promise<void> {
    const stopped = this.of(key);
    if (stopped && stopped.status !== 'running') await this.#run(stopped, stopped.event);
  }

  stop(key: string): void {
    const transfer = this.of(key);
    if (transfer?.status !== 'running') return;
    this.#change(transfer.job, { stopping: true });
    this.#cancel(transfer.job);
  }

  /** Takes a stopped or failed transfer off the list. */
  dismiss(key: string): void {
    this.list = this.list.filter((transfer) => transfer.key !== key);
  }

  async #run(order: TransferOrder, event: TransferEvent | null): Promise<void> {
    const { key, call, onDone } = order;
    const job = crypto.randomUUID();
    const transfer: Transfer = { ...order, job, status: 'running', stopping: false, event, problem: '' };
    this.list = this.of(key)
      ? this.list.map((each) => (each.key === key ? transfer : each))
      : [...this.list, transfer];
    const result = await call(job, (next) => this.#change(job, { event: next }));
    if (result.ok) {
      this.dismiss(key);
      onDone();
    } else if (result.error.code === 'aborted') this.#pause(key, job);
    else this.#change(job, { status: 'failed', problem: result.error.message });
  }

  /** Nobody wanted it to stop: the worker it ran in has ended. */
  #pause(key: string, job: JobId): void {
    const problem = this.of(key)?.stopping ? '' : texts.restarted;
    this.#change(job, { status: 'paused', problem });
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
