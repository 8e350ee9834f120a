import { describe, expect, it } from 'vitest';
import { keepOffline, type OfflinePage } from '#app/offline.ts';
import type { ActivateAnswer } from '#sw/protocol.ts';
import { isCacheable, onlyVerified, usableEntries } from '#sw/shell.ts';

describe('what the service worker stores', () => {
  const urls = [
    'index.html',
    'assets/ort-wasm-simd-threaded.jspi-a.wasm',
    'assets/ort.jspi.bundle.min-b.js',
    'assets/ort-wasm-simd-threaded.asyncify-c.wasm',
    'assets/ort.webgpu.bundle.min-d.js',
    'assets/checkpoint-e.safetensors',
  ];
  const entries = urls.map((url) => ({ url, revision: null, integrity: 'sha256-x' }));
  const kept = (jspi: boolean) => usableEntries(entries, jspi).map(({ url }) => url);

  it('leaves out the onnxruntime build this browser cannot run', () => {
    expect(kept(true)).toEqual([urls[0], urls[1], urls[2], urls[5]]);
    expect(kept(false)).toEqual([urls[0], urls[3], urls[4], urls[5]]);
  });

  it.each<[string, boolean, Pick<Response, 'status' | 'type' | 'redirected'>]>([
    ['a plain answer', true, { status: 200, type: 'basic', redirected: false }],
    ['an opaque one', false, { status: 0, type: 'opaque', redirected: false }],
    ['another origin', false, { status: 200, type: 'cors', redirected: false }],
    ['a redirect', false, { status: 200, type: 'basic', redirected: true }],
    ['a part', false, { status: 206, type: 'basic', redirected: false }],
    ['an error page', false, { status: 404, type: 'basic', redirected: false }],
  ])('%s: %s', (_, cacheable, response) => {
    expect(isCacheable(response)).toBe(cacheable);
  });

  it('never follows a redirect and keeps the expected hash', async () => {
    const integrity = 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
    const request = await onlyVerified.requestWillFetch({
      request: new Request('http://127.0.0.1/assets/a.js', { integrity }),
    });
    expect(request).toMatchObject({ redirect: 'error', credentials: 'omit', integrity });
  });
});

class FakeWorker extends EventTarget {
  state: ServiceWorkerState = 'installing';
  /** What the service worker would answer to "activate". */
  answer: ActivateAnswer = 'activating';

  onstatechange: (() => void) | null = null;

  become(state: ServiceWorkerState): void {
    this.state = state;
    this.onstatechange?.();
    this.dispatchEvent(new Event('statechange'));
  }

  postMessage(_message: unknown, [port]: [MessagePort]): void {
    port.postMessage(this.answer);
    if (this.answer === 'activating') this.become('activated');
  }
}

class FakeRegistration extends EventTarget {
  installing: FakeWorker | null = null;
  waiting: FakeWorker | null = null;
  active: FakeWorker | null = null;
  gone = false;

  unregister(): Promise<boolean> {
    this.gone = true;
    return Promise.resolve(true);
  }
}

interface Note {
  readonly message: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** A page whose server answers the worker's address with `status`; null: no network. */
function visit(status: number | null, known: FakeRegistration | null) {
  const registration = known ?? new FakeRegistration();
  const log = { registered: 0, reloads: 0, cachesRemoved: 0, notes: [] as Note[] };
  const workers = {
    controller: known?.active ?? null,
    getRegistration: () => Promise.resolve(known ?? undefined),
    register: () => {
      log.registered++;
      return Promise.resolve(registration);
    },
  };
  const page: OfflinePage = {
    workers: workers as unknown as ServiceWorkerContainer,
    workerStatus: () => Promise.resolve(status),
    removeCaches: () => {
      log.cachesRemoved++;
      return Promise.resolve();
    },
    reload: () => void log.reloads++,
  };
  const notifier = {
    info: (message: string, action?: Note['action']) =>
      void log.notes.push(action ? { message, action } : { message }),
    error: () => undefined,
  };
  return { log, registration, page, start: () => keepOffline(notifier, page) };
}

function installed(): FakeRegistration {
  const registration = new FakeRegistration();
  registration.active = new FakeWorker();
  return registration;
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('keepOffline', () => {
  it('registers on a first visit and says when everything is stored', async () => {
    const { log, registration, start } = visit(200, null);
    registration.installing = new FakeWorker();
    await start();
    expect(log.registered).toBe(1);
    expect(log.notes).toEqual([]);
    // Browsers tell of the worker that registering began a moment later.
    registration.dispatchEvent(new Event('updatefound'));
    registration.installing.become('installed');
    expect(log.notes).toEqual([{ message: expect.stringMatching(/offline use/) as string }]);
  });

  it('says when storing failed on a first visit', async () => {
    const { log, registration, start } = visit(200, null);
    registration.installing = new FakeWorker();
    await start();
    registration.installing.become('redundant');
    expect(log.notes[0]?.message).toMatch(/could not be saved/);
  });

  it('asks for nothing without a network', async () => {
    const { log, start } = visit(null, installed());
    await start();
    expect(log).toMatchObject({ registered: 0, reloads: 0, notes: [] });
  });

  it.each([404, 410])('removes worker and cache when the server answers %d', async (status) => {
    const { log, registration, start } = visit(status, installed());
    await start();
    expect(registration.gone).toBe(true);
    expect(log).toMatchObject({ cachesRemoved: 1, reloads: 1, registered: 0 });
  });

  it.each([500, 503])('keeps them when the server has trouble: %d', async (status) => {
    const { log, registration, start } = visit(status, installed());
    await start();
    expect(registration.gone).toBe(false);
    expect(log.cachesRemoved).toBe(0);
  });

  it('offers a version that waits, and reloads once it is active', async () => {
    const known = installed();
    known.waiting = new FakeWorker();
    const { log, start } = visit(200, known);
    await start();
    expect(log.reloads).toBe(0);
    log.notes[0]!.action!.run();
    await settle();
    expect(log.reloads).toBe(1);
  });

  it('offers a version that arrives while the page is open', async () => {
    const { log, registration, start } = visit(200, installed());
    await start();
    registration.installing = new FakeWorker();
    registration.dispatchEvent(new Event('updatefound'));
    registration.installing.become('installed');
    expect(log.notes[0]?.message).toMatch(/new version/);
  });

  it('drops a version that could not be stored without a word', async () => {
    const { log, registration, start } = visit(200, installed());
    registration.installing = new FakeWorker();
    await start();
    registration.installing.become('redundant');
    expect(log.notes).toEqual([]);
  });

  it('asks to close other tabs before the version changes under them', async () => {
    const known = installed();
    known.waiting = new FakeWorker();
    known.waiting.answer = 'other-tabs';
    const { log, start } = visit(200, known);
    await start();
    log.notes[0]!.action!.run();
    await settle();
    expect(log.reloads).toBe(0);
    expect(log.notes[1]?.message).toMatch(/other Luna Studio tabs/);
    known.waiting.answer = 'activating';
    log.notes[1]!.action!.run();
    await settle();
    expect(log.reloads).toBe(1);
  });

  it('says so when the browser refuses to register', async () => {
    const { log, page, start } = visit(200, null);
    page.workers.register = () => Promise.reject(new DOMException('storage is off', 'SecurityError'));
    await start();
    expect(log.notes[0]?.message).toMatch(/could not be saved/);
  });
});
