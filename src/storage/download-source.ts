import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { Fetch } from './connection.ts';

/** Where a file can be had. */
export type DownloadFrom =
  | { readonly kind: 'urls'; readonly urls: readonly string[] }
  | {
      readonly kind: 'hub';
      /** "owner/name" of a model repository. */
      readonly repo: string;
      readonly path: string;
      /** Branch, tag or commit. */
      readonly revision: string;
      /** Another hub than Hugging Face's, e.g. a mirror. */
      readonly hubUrl?: string;
    };

/** What to download, and what it must turn out to be. */
export interface DownloadSpec {
  readonly name: string;
  readonly folder: string;
  readonly note: string;
  readonly from: DownloadFrom;
  /** What the catalogue says; null: what the server says counts. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** Access token of the hub for gated files; sent to the hub only. */
  readonly token: string | null;
}

/** A file found on a server. */
export interface Located {
  readonly url: string;
  readonly size: number;
  readonly sha256: string | null;
  /** What the hub calls this version of the file; null when nobody says. */
  readonly version: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

const HUB = 'https://huggingface.co';
const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);
const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * Asks where the file lies, how long it is, and which version it is.
 * @throws AppError `model-missing` (not reachable, not there, gated) or `bad-file` (not the file of the catalogue).
 */
export async function locate(spec: DownloadSpec, url: string | null, fetch: Fetch): Promise<Located> {
  const found =
    spec.from.kind === 'hub'
      ? await locateOnHub(spec, spec.from, fetch)
      : await locateUrl(spec, url ?? '', fetch);
  if (spec.bytes !== null && spec.bytes !== found.size)
    throw otherFile(spec.name, sentence`it has ${found.size} bytes instead of ${spec.bytes}`);
  if (spec.sha256 && found.sha256 && !isSameText(spec.sha256, found.sha256))
    throw otherFile(spec.name, sentence`its SHA-256 is another one`);
  return { ...found, sha256: (spec.sha256 ?? found.sha256)?.toLowerCase() ?? null };
}

/** Transfers are encrypted, except from this very machine. */
export function requireSecure(address: string, name: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL.has(url.hostname)))) return url;
  throw new AppError(
    'bad-request',
    sentence`"${name}" is not downloaded from "${address}": only https addresses are allowed, because anybody on the way could change the file.`,
  );
}

function isSameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

async function locateOnHub(
  spec: DownloadSpec,
  { repo, path, revision, hubUrl }: Extract<DownloadFrom, { kind: 'hub' }>,
  fetch: Fetch,
): Promise<Located> {
  if (hubUrl) requireSecure(hubUrl, spec.name);
  if (spec.token && !spec.token.startsWith('hf_'))
    throw new AppError('bad-request', 'This is no access token of Hugging Face: those start with "hf_".');
  const { fileDownloadInfo, HubApiError } = await import('@huggingface/hub');
  const info = await fileDownloadInfo({
    repo: { type: 'model', name: repo },
    path,
    revision,
    fetch,
    ...(hubUrl ? { hubUrl } : {}),
    ...(spec.token ? { accessToken: spec.token } : {}),
  }).catch((error: unknown) => {
    if (error instanceof HubApiError) throw refusedByServer(spec, error.statusCode, new URL(error.url).host);
    throw error;
  });
  if (!info) throw refusedByServer(spec, 404, new URL(hubUrl ?? HUB).host);
  // Large files are named by their SHA-256 on the hub.
  const tag = info.etag.replace(/^(W\/)?"|"$/g, '');
  const url = requireSecure(info.url, spec.name);
  // Where the hub points elsewhere, the address itself is the permission; the token is the hub's alone.
  const isHub = url.origin === new URL(hubUrl ?? HUB).origin;
  const headers: Record<string, string> =
    spec.token && isHub ? { Authorization: `Bearer ${spec.token}` } : {};
  const sha256 = SHA256.test(tag) ? tag : null;
  return { url: url.href, size: info.size, sha256, version: tag, headers };
}

async function locateUrl(spec: DownloadSpec, address: string, fetch: Fetch): Promise<Located> {
  const url = requireSecure(address, spec.name);
  const size = spec.bytes ?? (await askLength(spec, url, fetch));
  return { url: url.href, size, sha256: null, version: null, headers: {} };
}

/** Asks for one byte: the answer tells the length, also where HEAD is not allowed. */
async function askLength(spec: DownloadSpec, url: URL, fetch: Fetch): Promise<number> {
  const response = await fetch(url, { headers: { Range: 'bytes=0-0' } });
  await response.body?.cancel();
  const length = announcedLength(response);
  // An empty file has no first byte: 416 with "bytes */0".
  if (!response.ok && length === null) throw refusedByServer(spec, response.status, url.host);
  if (length !== null) return length;
  throw new AppError(
    'bad-file',
    sentence`${url.host} does not say how long "${spec.name}" is, so its download could not be checked. Download it yourself and link its folder.`,
  );
}

/** Length of the whole file as the answer states it; null when it does not. */
export function announcedLength(response: Response): number | null {
  const total = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  // The length of a compressed answer is not the file's.
  const plain = response.headers.has('Content-Encoding') ? null : response.headers.get('Content-Length');
  const text = response.status === 206 || response.status === 416 ? total : response.ok ? plain : null;
  const length = text === undefined || text === null ? NaN : Number(text);
  return Number.isSafeInteger(length) ? length : null;
}

/** The sentence for a server that refuses for good. */
export function refusedByServer(spec: DownloadSpec, status: number, host: string): AppError {
  const page = spec.from.kind === 'hub' ? `${spec.from.hubUrl ?? HUB}/${spec.from.repo}` : sentence`its page`;
  const reasons: Record<number, Sentence> = {
    401: gatedSentence(spec.token, page),
    403: gatedSentence(spec.token, page),
    404: sentence`the file is not there (any more). Look for it under another address, download it yourself and link its folder.`,
  };
  const reason = reasons[status] ?? sentence`the server answered with status ${status}. Try again later.`;
  return new AppError(
    'model-missing',
    sentence`"${spec.name}" could not be downloaded from ${host}: ${reason}`,
  );
}

function gatedSentence(token: string | null, page: string | Sentence): Sentence {
  return token
    ? sentence`the access token was refused. Check that it may read gated files and that its account has accepted the licence on ${page}.`
    : sentence`the file is gated. Accept its licence on ${page} and give an access token.`;
}

function otherFile(name: string, why: Sentence): AppError {
  return new AppError(
    'bad-file',
    sentence`"${name}" on the server is not the file the catalogue knows: ${why}. Nothing was downloaded. Download it yourself, check it, and link its folder.`,
  );
}
