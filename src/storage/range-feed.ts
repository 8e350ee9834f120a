import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { Connection, Interrupted, type NetworkOptions } from './connection.ts';
import {
  announcedLength,
  refusedByServer,
  requireSecure,
  type DownloadSpec,
  type Located,
} from './download-source.ts';
import type { ByteRange, PartialCopy } from './partial-copy.ts';
import type { TransferMeter } from './transfer-meter.ts';

/** Tries in a row that bring nothing. */
const MAX_FAILURES = 6;
/** Fresh starts because the file on the server became another one. */
const MAX_RESTARTS = 5;
const FIRST_WAIT_MS = 500;

/**
 * Fills a copy over HTTP with Range and If-Range. A cut connection goes on at the next byte. Bytes of two versions are
 * never joined: another ETag, or a 200 answer to a range, starts over (reliability-ux.md R16).
 */
export class RangeFeed {
  readonly #spec: DownloadSpec;
  readonly #located: Located;
  readonly #options: NetworkOptions;
  #failures = 0;
  #restarts = 0;

  constructor(spec: DownloadSpec, located: Located, options: NetworkOptions) {
    this.#spec = spec;
    this.#located = located;
    this.#options = options;
  }

  async fill(copy: PartialCopy, meter: TransferMeter): Promise<void> {
    if (!this.#belongs(copy)) await this.#startOver(copy, null);
    for (let gap = copy.nextGap(); gap; gap = copy.nextGap()) {
      this.#options.signal.throwIfAborted();
      try {
        await this.#fetchGap(gap, copy, meter);
      } catch (error) {
        this.#options.signal.throwIfAborted();
        if (!(error instanceof Interrupted)) throw error;
        const progressed = copy.nextGap()?.begin !== gap.begin;
        await this.#wait(progressed, error, () =>
          meter.report('waiting for the network', copy.doneBytes, copy.record.size),
        );
        if (!this.#belongs(copy)) await this.#startOver(copy, null);
      }
    }
  }

  /** Whether more bytes of this server may be joined to the copy. */
  #belongs(copy: PartialCopy): boolean {
    const { origin } = copy.record;
    if (copy.doneBytes === 0 || !copy.nextGap()) return true;
    // Without an ETag nothing says that the rest belongs to what is here; another server has ETags of its own.
    if (origin.kind !== 'download' || origin.etag === null) return false;
    return origin.url === this.#located.url && origin.version === this.#located.version;
  }

  async #wait(progressed: boolean, cause: Interrupted, onWait: () => void): Promise<void> {
    this.#failures = progressed ? 0 : this.#failures + 1;
    if (this.#failures >= MAX_FAILURES) throw this.#unreachable(cause);
    onWait();
    await this.#options.delay(FIRST_WAIT_MS * 2 ** this.#failures, this.#options.signal);
  }

  async #fetchGap(gap: ByteRange, copy: PartialCopy, meter: TransferMeter): Promise<void> {
    const connection = new Connection(this.#options);
    try {
      const response = await connection.open(this.#located.url, {
        headers: this.#headers(gap, copy),
        // A cached half of another version must not slip in between.
        cache: 'no-store',
      });
      requireSecure(response.url || this.#located.url, this.#spec.name);
      await this.#agree(response, gap, copy);
      await this.#drain(connection, response, copy, meter);
    } finally {
      connection.close();
    }
  }

  #headers({ begin, end }: ByteRange, copy: PartialCopy): Record<string, string> {
    const etag = etagOf(copy);
    const whole = begin === 0 && end === copy.record.size;
    const range: Record<string, string> = whole ? {} : { Range: `bytes=${begin}-${end - 1}` };
    // If-Range makes browsers ask the server for leave first, which some refuse: every other try goes without, and the
    // ETag of the answer is compared in any case.
    const conditional = !whole && etag !== null && this.#failures % 2 === 0;
    return { ...this.#located.headers, ...range, ...(conditional ? { 'If-Range': etag } : {}) };
  }

  /** Makes sure that the body of `response` continues `copy`; afterwards it does, from the start if it must. */
  async #agree(response: Response, gap: ByteRange, copy: PartialCopy): Promise<void> {
    if (response.status === 416) {
      await this.#startOver(copy, null);
      throw new Interrupted(sentence`The server no longer has this part of the file.`);
    }
    if (response.status === 429 || response.status >= 500)
      throw new Interrupted(sentence`The server answered with status ${response.status}.`);
    if (!response.ok) throw refusedByServer(this.#spec, response.status, this.#host);
    const length = announcedLength(response);
    if (length !== null && length !== copy.record.size) throw this.#otherLength(length, copy.record.size);
    const etag = strongEtag(response);
    if (response.status !== 206) {
      if (copy.doneBytes > 0) await this.#startOver(copy, etag);
    } else if (etagOf(copy) !== null && etag !== etagOf(copy)) {
      await this.#startOver(copy, etag);
      throw new Interrupted(sentence`The file on the server became another one.`);
    } else if (rangeStart(response) !== gap.begin)
      throw new Interrupted(sentence`The server sent another part of the file than asked for.`);
    copy.adopt(this.#origin(etag));
  }

  async #drain(
    connection: Connection,
    response: Response,
    copy: PartialCopy,
    meter: TransferMeter,
  ): Promise<void> {
    const reader = (response.body ?? new Blob([]).stream()).getReader();
    const { begin, end } = copy.nextGap() ?? { begin: 0, end: 0 };
    let missing = end - begin;
    for (let bytes = await connection.next(reader); bytes; bytes = await connection.next(reader)) {
      if (bytes.length > missing)
        throw this.#otherLength(copy.record.size + bytes.length - missing, copy.record.size);
      await copy.append(bytes as Uint8Array<ArrayBuffer>);
      missing -= bytes.length;
      meter.report('copying', copy.doneBytes, copy.record.size);
    }
    if (missing > 0) throw new Interrupted(sentence`The connection ended too early.`);
  }

  async #startOver(copy: PartialCopy, etag: string | null): Promise<void> {
    if (++this.#restarts > MAX_RESTARTS)
      throw new AppError(
        'bad-file',
        sentence`"${this.#spec.name}" cannot be downloaded from ${this.#host}: it keeps changing there, or the server cannot continue a download and the connection keeps breaking. Download it yourself and link its folder.`,
      );
    await copy.restart(this.#origin(etag));
  }

  #origin(etag: string | null) {
    return { kind: 'download', url: this.#located.url, etag, version: this.#located.version } as const;
  }

  get #host(): string {
    return new URL(this.#located.url).host;
  }

  #otherLength(found: number, expected: number): AppError {
    return new AppError(
      'bad-file',
      sentence`"${this.#spec.name}" on ${this.#host} is not the expected file: it has ${found} bytes or more instead of ${expected}. Try again; if that does not help, download it yourself and link its folder.`,
    );
  }

  #unreachable(cause: Interrupted): AppError {
    return new AppError(
      'model-missing',
      sentence`"${this.#spec.name}" could not be downloaded from ${this.#host}: ${cause.sentence} Check the network and try again: the download goes on where it stopped.`,
      { cause },
    );
  }
}

function etagOf(copy: PartialCopy): string | null {
  const { origin } = copy.record;
  return origin.kind === 'download' ? origin.etag : null;
}

/** Weak tags say "about the same", which is not enough to join bytes. */
function strongEtag(response: Response): string | null {
  const etag = response.headers.get('ETag');
  return etag !== null && /^".*"$/.test(etag) ? etag : null;
}

function rangeStart(response: Response): number | null {
  const start = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  return start === undefined ? null : Number(start);
}
