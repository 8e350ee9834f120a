import { afterEach, beforeEach, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { Studio } from '#app/studio.ts';
import { candidate, layer, mulberry } from '../domain/document/arbitrary-documents.ts';
import { FakeClient, flush, ok } from '../fake-client.ts';
import { FakeBrowser } from './fake-documents.ts';

export const info = vi.fn<Studio['notifier']['info']>();
export const error = vi.fn<Studio['notifier']['error']>();
export const canvas = {} as HTMLCanvasElement;
export const LAYER = layer(mulberry(2));
export const opened = (name: string) =>
  ok({ name, size: { width: 100, height: 80 }, sha256: name, carried: null });

export let browser: FakeBrowser;
export let tab: ReturnType<FakeBrowser['tab']>;
export let client: FakeClient;
export let studio: Studio;
export let crash: (reason: string) => void;

/** A page in a tab; `worker` says whether its networks are there already. */
export async function visit(worker = true): Promise<void> {
  const connect = (onCrash: (reason: string) => void) => {
    crash = onCrash;
    return (client = new FakeClient(onCrash));
  };
  studio = new Studio({ info, error }, DEFAULTS, connect, tab);
  if (worker) await studio.start(canvas);
}

export async function open(name: string): Promise<void> {
  void studio.open(new Blob([name]), name);
  await flush();
  await client.last('openImage').answer(opened(name));
}

/** The names of what is stored. */
export const stored = () =>
  [...browser.store.heads_.values()].map((head) => (head as { name?: string }).name);

/** What the last message offers. */
export function offered() {
  const offer = info.mock.lastCall?.[1];
  if (!offer) throw new Error('the last message offers nothing');
  return offer;
}

/** The tab is reloaded, and finds what it had. */
export async function reload(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1000);
  tab.close();
  info.mockClear();
  await visit();
  void studio.resume();
  await flush();
}

export async function reloaded(name: string): Promise<void> {
  await reload();
  await client.last('openImage').answer(opened(name));
}

/** Opens first.png in a fresh tab before each test: three steps, the last of them a layer, and a snapshot. */
export function withVisits(): void {
  beforeEach(async () => {
    vi.useFakeTimers();
    info.mockClear();
    error.mockClear();
    browser = new FakeBrowser();
    tab = browser.tab();
    await visit();
    await open('first.png');
    studio.document.addConcept('face');
    const found = candidate('concept-1', mulberry(1));
    studio.document.dispatch({ type: 'set-candidates', candidates: [found], presence: {} });
    studio.document.dispatch({ type: 'set-layers', layers: [LAYER] });
    studio.document.history.takeSnapshot('painted');
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}
