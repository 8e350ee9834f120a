import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { Connection, type Fetch, type NetworkOptions } from './connection.ts';
import { locate, type DownloadSpec } from './download-source.ts';
import type { ImportedRecord } from './import-record.ts';
import type { ImportedModels, TransferOptions } from './imported-models.ts';
import { RangeFeed } from './range-feed.ts';

/** How a download is followed and ended; tests bring their own network and clock. */
export interface DownloadOptions extends TransferOptions {
  readonly fetch?: Fetch;
  readonly delay?: NetworkOptions['delay'];
  /** Silence after which a connection counts as cut; 30 s unless told. */
  readonly stallMs?: number;
}

/**
 * Fetches a file into the browser's own storage. After any interruption the same call goes on where it stopped;
 * a wrong SHA-256 throws the copy away. Addresses are tried in their order.
 * @throws AppError `model-missing` (server), `bad-file` (another file), `model-corrupt` (hash), `quota-exceeded`.
 */
export async function downloadModel(
  spec: DownloadSpec,
  imported: ImportedModels,
  options: DownloadOptions,
): Promise<ImportedRecord> {
  const urls = spec.from.kind === 'urls' ? spec.from.urls : [null];
  let failure: unknown = new AppError('bad-request', sentence`No address is known for "${spec.name}".`);
  for (const url of urls) {
    try {
      return await downloadFrom(spec, url, imported, options);
    } catch (error) {
      options.signal.throwIfAborted();
      failure = error;
      if (!(error instanceof AppError) || !MIRROR_MAY_HELP.has(error.code)) break;
    }
  }
  throw failure;
}

/** A full disk stays full whatever the address. */
const MIRROR_MAY_HELP: ReadonlySet<string> = new Set(['model-missing', 'bad-file', 'model-corrupt']);

async function downloadFrom(
  spec: DownloadSpec,
  url: string | null,
  imported: ImportedModels,
  options: DownloadOptions,
): Promise<ImportedRecord> {
  const network = networkOf(options);
  const located = await whileReachable(spec, network, (fetch) => locate(spec, url, fetch));
  const { name, folder, note } = spec;
  const { size, sha256, version } = located;
  // A known content is the same copy wherever it comes from.
  const identity = JSON.stringify(sha256 ? ['sha256', sha256, size] : ['url', located.url, size, version]);
  const origin = { kind: 'download', url: located.url, etag: null, version } as const;
  const feed = new RangeFeed(spec, located, network);
  return imported.fill(
    { name, folder, note, origin, identity, size, sha256 },
    (copy, meter) => feed.fill(copy, meter),
    options,
  );
}

function networkOf(options: DownloadOptions): NetworkOptions {
  return {
    signal: options.signal,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    delay: options.delay ?? wait,
    stallMs: options.stallMs ?? 30_000,
  };
}

async function whileReachable<T>(
  spec: DownloadSpec,
  network: NetworkOptions,
  ask: (fetch: Fetch) => Promise<T>,
): Promise<T> {
  const connection = new Connection(network);
  try {
    return await ask((input, init) => connection.open(input, init));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      'model-missing',
      sentence`"${spec.name}" could not be downloaded: its server did not answer as expected. Check the network and try again.`,
      { cause },
    );
  } finally {
    connection.close();
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
