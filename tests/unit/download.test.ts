import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppError } from '#domain/job/app-error.ts';
import { downloadModel, type DownloadOptions } from '#storage/download-model.ts';
import type { DownloadSpec } from '#storage/download-source.ts';
import { ImportedModels } from '#storage/imported-models.ts';
import type { TransferProgress } from '#storage/transfer-meter.ts';
import { DownloadServer, type Misbehaviour } from './download-server.ts';
import { FakeDisk, fakeLocks, pattern, type DiskOperation } from './storage-fakes.ts';

const CHUNK = 64 * 1024;
const CONTENT = pattern(1_000_003);
const shaOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let server: DownloadServer;
let disk: FakeDisk;
beforeEach(async () => {
  server = await DownloadServer.start(CONTENT);
  disk = new FakeDisk();
});
afterEach(() => server.stop());

const modelsOn = (on: FakeDisk) =>
  new ImportedModels({
    blobs: on.blobs,
    records: on.records,
    locks: fakeLocks(),
    freeSpace: async () => null,
    chunkBytes: CHUNK,
  });

const spec = (changes: Partial<DownloadSpec> = {}): DownloadSpec => ({
  name: 'model.safetensors',
  folder: 'checkpoints',
  note: '',
  from: { kind: 'urls', urls: [server.url] },
  bytes: CONTENT.length,
  sha256: shaOf(CONTENT),
  token: null,
  ...changes,
});

const options = (changes: Partial<DownloadOptions> = {}): DownloadOptions => ({
  signal: new AbortController().signal,
  onProgress: () => undefined,
  delay: () => Promise.resolve(),
  stallMs: 5000,
  ...changes,
});

async function download(changes: Partial<DownloadSpec> = {}, with_: Partial<DownloadOptions> = {}) {
  const models = modelsOn(disk);
  const record = await downloadModel(spec(changes), models, options(with_));
  const stored = disk.files.get(record.id)!;
  expect(shaOf(stored)).toBe(record.sha256);
  expect((await models.list()).map(({ id }) => id)).toContain(record.id);
  return { record, stored };
}

async function refusal(
  changes: Partial<DownloadSpec> = {},
  with_: Partial<DownloadOptions> = {},
): Promise<AppError> {
  const error = await downloadModel(spec(changes), modelsOn(disk), options(with_)).then(
    () => expect.fail('should be refused'),
    (reason: unknown) => reason as AppError,
  );
  expect(await modelsOn(disk).list()).toEqual([]);
  return error;
}

/** Random numbers that are the same in every run. */
function random(seed: number): () => number {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

describe('downloading', () => {
  it('fetches, checks and lists a file', async () => {
    const { record } = await download();
    expect(record).toMatchObject({ state: 'complete', sha256: shaOf(CONTENT) });
    expect(record.origin).toMatchObject({ kind: 'download', url: server.url, etag: '"v1"' });
    expect(server.requests).toHaveLength(1);
  });

  it('asks for the length when nobody knows it', async () => {
    const { stored } = await download({ bytes: null, sha256: null });
    expect(Buffer.compare(stored, CONTENT)).toBe(0);
    expect(server.requests[0]!.headers.range).toBe('bytes=0-0');
  });

  it('does not fetch again what is complete, from whatever address it came', async () => {
    const { record } = await download();
    const again = await download({ from: { kind: 'urls', urls: [`${server.origin}/mirror`] } });
    expect(again.record.id).toBe(record.id);
    expect(server.sentBytes).toBe(CONTENT.length);
  });

  it('survives 100 cuts of a 20 MB file at random offsets with less than a chunk sent again per cut', async () => {
    server.content = pattern(20_000_003, 5);
    const next = random(11);
    const cutPoints = Array.from({ length: 100 }, () => Math.floor(next() * 390_000));
    server.plan = (i) => (i < cutPoints.length ? { cutAfter: cutPoints[i]! } : {});
    const { stored } = await download({ bytes: server.content.length, sha256: shaOf(server.content) });
    expect(Buffer.compare(stored, server.content)).toBe(0);
    expect(server.requests.length).toBe(101);
    expect(server.sentBytes - server.content.length).toBeLessThanOrEqual(100 * CHUNK);
  });

  it('goes on after kills, with at most a chunk sent again per kill', async () => {
    const next = random(3);
    const history: DiskOperation[] = [];
    let kills = 0;
    for (;;) {
      disk = FakeDisk.after(history);
      const controller = new AbortController();
      const lives = 1 + Math.floor(next() * 25);
      disk.onCall = () => {
        if (disk.log.length >= lives) controller.abort(new Error('killed'));
      };
      const outcome = await downloadModel(
        spec(),
        modelsOn(disk),
        options({ signal: controller.signal }),
      ).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) break;
      expect(outcome.message).toBe('killed');
      // What happens after the kill does not happen.
      history.push(...disk.log.slice(0, lives));
      kills++;
    }
    expect(kills).toBeGreaterThan(3);
    const [first, ...later] = server.requests.map(({ headers }) => headers);
    expect(first!.range).toBeUndefined();
    const resumed = later.filter(({ range }) => range !== undefined);
    expect(resumed.length).toBeGreaterThan(3);
    expect(resumed.every((headers) => headers['if-range'] === '"v1"')).toBe(true);
    const starts = resumed.map(({ range }) => Number(/\d+/.exec(range!)![0]));
    expect(starts.every((start) => start % CHUNK === 0)).toBe(true);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(shaOf([...disk.files.values()][0]!)).toBe(shaOf(CONTENT));
  });

  it('starts over when the file on the server becomes another one, and never joins two versions', async () => {
    const other = pattern(CONTENT.length, 77);
    for (const conditional of [true, false]) {
      disk = new FakeDisk();
      server.content = CONTENT;
      const first = server.requests.length;
      server.plan = (i) => (i === first ? { cutAfter: 300_000 } : i === first + 1 ? { content: other } : {});
      const fetch: typeof globalThis.fetch = (input, init) => {
        const headers = new Headers(init?.headers);
        if (!conditional) headers.delete('If-Range');
        return globalThis.fetch(input, { ...init, headers });
      };
      const { stored } = await download({ sha256: null }, { fetch });
      expect(Buffer.compare(stored, other)).toBe(0);
    }
  });

  it('resumes where If-Range is not allowed to be sent (CORS)', async () => {
    server.plan = (i) => (i === 0 ? { cutAfter: 500_000 } : {});
    const fetch: typeof globalThis.fetch = (input, init) =>
      new Headers(init?.headers).has('If-Range')
        ? Promise.reject(new TypeError('Failed to fetch'))
        : globalThis.fetch(input, init);
    await download({}, { fetch });
    expect(server.sentBytes).toBeLessThan(CONTENT.length + CHUNK);
  });

  it('starts over when a range is answered with everything', async () => {
    server.plan = (i) => (i === 0 ? { cutAfter: 500_000 } : { ignoreRange: true });
    const { stored } = await download({ sha256: null });
    expect(Buffer.compare(stored, CONTENT)).toBe(0);
    expect(server.sentBytes).toBe(CONTENT.length + 500_000);
  });

  it('starts over after a cut when the server gives no strong ETag', async () => {
    for (const etag of [null, 'W/"v1"']) {
      disk = new FakeDisk();
      const first = server.requests.length;
      server.plan = (i) => (i === first ? { cutAfter: 500_000, etag } : { etag });
      await download();
      expect(server.requests.at(-1)!.headers.range).toBeUndefined();
    }
  });

  it('gives up on a server that can never go on', async () => {
    server.plan = () => ({ ignoreRange: true, cutAfter: 200_000 });
    expect(await refusal()).toMatchObject({ code: 'bad-file' });
    server.plan = () => ({ cutAfter: 0 });
    const error = await refusal();
    expect(error).toMatchObject({ code: 'model-missing' });
    expect(error.message).toContain('127.0.0.1');
  });

  it('detects every flipped bit, and leaves nothing of the file', async () => {
    const next = random(23);
    for (let i = 0; i < 40; i++) {
      const flipAt = Math.floor(next() * CONTENT.length);
      const cutAfter = Math.floor(next() * CONTENT.length);
      const first = server.requests.length;
      server.plan = (n): Misbehaviour => (n === first ? { flipAt, cutAfter } : { flipAt });
      expect(await refusal()).toMatchObject({ code: 'model-corrupt' });
      expect(disk.files.size + disk.rows.size).toBe(0);
    }
    server.plan = () => ({});
    await download();
  });

  it('refuses a file of another length, whatever the server says', async () => {
    server.plan = () => ({ claimedLength: CONTENT.length + 5 });
    expect(await refusal()).toMatchObject({ code: 'bad-file' });
    server.plan = () => ({ claimedLength: CONTENT.length - 5 });
    expect(await refusal()).toMatchObject({ code: 'bad-file' });
    server.plan = () => ({});
    expect(await refusal({ bytes: CONTENT.length + 1 })).toMatchObject({ code: 'bad-file' });
    expect(disk.files.size + disk.rows.size).toBe(0);
  });

  it('takes silence for a cut', async () => {
    const stages = new Set<TransferProgress['stage']>();
    server.plan = (i) => (i === 0 ? { stallAfter: 400_000 } : {});
    await download({}, { stallMs: 200, onProgress: ({ stage }) => stages.add(stage) });
    expect(stages).toEqual(new Set(['copying', 'waiting for the network', 'checking']));
    expect(server.requests).toHaveLength(2);
  });

  it('goes on after 416, 429 and 503', async () => {
    server.plan = (i) => [{ cutAfter: 300_000 }, { status: 416 }, { status: 429 }, { status: 503 }][i] ?? {};
    await download();
  });

  it('stops at once when it is told to', async () => {
    const controller = new AbortController();
    server.plan = () => ({ stallAfter: 300_000 });
    const stopped = downloadModel(spec(), modelsOn(disk), options({ signal: controller.signal }));
    await vi.waitFor(() => expect(disk.log.filter(({ kind }) => kind === 'put')).toHaveLength(1 + 4));
    controller.abort(new Error('stop'));
    await expect(stopped).rejects.toThrow('stop');
    const [partial] = await modelsOn(disk).partials();
    expect(partial!.chunks.filter(Boolean)).toHaveLength(Math.floor(300_000 / CHUNK));
    server.plan = () => ({});
    const sentBefore = server.sentBytes;
    await download();
    expect(server.sentBytes - sentBefore).toBe(CONTENT.length - Math.floor(300_000 / CHUNK) * CHUNK);
  });

  it('tries the next address', async () => {
    server.route = (request, response) => {
      if (request.url !== '/gone') return false;
      response.writeHead(404).end();
      return true;
    };
    await download({ from: { kind: 'urls', urls: [`${server.origin}/gone`, server.url] } });
  });

  it('follows redirects to where the bytes are', async () => {
    server.route = (request, response) => {
      if (request.url !== '/latest') return false;
      response.writeHead(302, { Location: '/model.safetensors' }).end();
      return true;
    };
    server.plan = (i) => (i === 1 ? { cutAfter: 200_000 } : {});
    await download({ from: { kind: 'urls', urls: [`${server.origin}/latest`] } });
  });

  it('never asks an unencrypted server elsewhere', async () => {
    let asked = 0;
    const fetch = () => Promise.reject(new Error(`asked ${++asked}`));
    for (const url of [
      'http://example.com/a',
      'ftp://127.0.0.1/a',
      'no address',
      'http://localhost.example.com/',
    ])
      expect(await refusal({ from: { kind: 'urls', urls: [url] } }, { fetch })).toMatchObject({
        code: 'bad-request',
      });
    expect(asked).toBe(0);
  });
});

describe('a model hub', () => {
  const token = 'hf_secret';
  const hub = (changes: object = {}) => ({
    from: {
      kind: 'hub' as const,
      repo: 'owner/model',
      path: 'unet/model.safetensors',
      revision: 'main',
      hubUrl: server.origin,
      ...changes,
    },
  });

  /** As the hub does it: facts of a large file in headers of the first answer, the bytes behind a redirect. */
  const asHub = (linkedEtag = shaOf(CONTENT)) => {
    server.route = (request, response) => {
      if (!request.url?.startsWith('/owner/')) return false;
      if (request.url !== '/owner/model/resolve/main/unet/model.safetensors')
        response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
      else if (request.headers.authorization !== `Bearer ${token}`) response.writeHead(401).end('{}');
      else if (request.headers.accept?.includes('xet-fileinfo'))
        response
          .writeHead(206, {
            'X-Linked-ETag': `"${linkedEtag}"`,
            ETag: '"git"',
            'Content-Range': `bytes 0-0/${server.content.length}`,
          })
          .end('x');
      else response.writeHead(302, { Location: '/blob' }).end();
      return true;
    };
  };

  it('tells size and hash, gets the token, and its file resumes', async () => {
    asHub();
    server.plan = (i) => (i === 2 ? { cutAfter: 400_000 } : {});
    const { record } = await download({ ...hub(), bytes: null, sha256: null, token });
    expect(record).toMatchObject({ sha256: shaOf(CONTENT), size: CONTENT.length });
    expect(record.origin).toMatchObject({ version: shaOf(CONTENT), etag: '"v1"' });
    const asked = server.requests.map(({ url, headers }) => `${url} ${headers.range ?? ''}`);
    expect(asked[0]).toBe('/owner/model/resolve/main/unet/model.safetensors bytes=0-0');
    expect(asked.at(-1)).toMatch(/^\/blob bytes=\d{6}-1000002$/);
    expect(JSON.stringify([...disk.rows.values()])).not.toContain(token);
  });

  it('checks the hash the hub names', async () => {
    asHub(shaOf(pattern(10)));
    const error = await refusal({ ...hub(), sha256: null, token });
    expect(error).toMatchObject({ code: 'model-corrupt' });
  });

  it('refuses before downloading when hub and catalogue disagree', async () => {
    asHub(shaOf(pattern(10)));
    expect(await refusal({ ...hub(), token })).toMatchObject({ code: 'bad-file' });
    expect(server.sentBytes).toBe(0);
  });

  it('explains gated and missing files, and strange tokens', async () => {
    asHub();
    const gated = await refusal(hub());
    expect(gated).toMatchObject({ code: 'model-missing' });
    expect(gated.message).toMatch(/gated.*licence.*owner\/model.*token/);
    expect((await refusal({ ...hub(), token: 'hf_wrong' })).message).toContain('token was refused');
    expect((await refusal({ ...hub({ path: 'nope' }), token })).message).toContain('not there');
    expect(await refusal({ ...hub(), token: 'abc' })).toMatchObject({ code: 'bad-request' });
    const away = hub();
    await server.stop();
    expect(await refusal({ ...away, bytes: 1, sha256: null, token }, { stallMs: 500 })).toMatchObject({
      code: 'model-missing',
    });
    server = await DownloadServer.start(CONTENT);
  });
});
