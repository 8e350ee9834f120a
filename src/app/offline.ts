import { ACTIVATE, WORKER_URL, type ActivateAnswer } from '#sw/protocol.ts';
import { messages } from './messages.ts';
import type { Notifier } from './studio.ts';

/** What {@link keepOffline} touches of the browser; the default is the page's own. */
export interface OfflinePage {
  readonly workers: ServiceWorkerContainer;
  /** Status of the service worker's address on the server; null when the server cannot be reached. */
  workerStatus(): Promise<number | null>;
  removeCaches(): Promise<void>;
  reload(): void;
}

/**
 * Lets the service worker keep a copy of the studio, and offers new versions of it: they wait until the user reloads.
 * A server that answers the worker's address with 404 or 410 takes the studio's offline copy away (src/sw/README.md).
 * Only built studios have a service worker; on the development server this does nothing.
 */
export async function keepOffline(notifier: Notifier, page: OfflinePage | null = ownPage()): Promise<void> {
  if (page)
    await keep(notifier, page).catch(() => {
      notifier.info(messages.offline.failed);
    });
}

async function keep(notifier: Notifier, page: OfflinePage): Promise<void> {
  const known = await page.workers.getRegistration();
  // Asked each time: a browser keeps the old worker for ever when its address is gone.
  const status = known ? await page.workerStatus() : 200;
  if (known && (status === 404 || status === 410)) return withdraw(known, page);
  // Without a network the copy at hand serves; registering would only ask for an update in vain.
  const registration =
    known && status === null ? known : await page.workers.register(WORKER_URL, { updateViaCache: 'none' });
  if (registration.waiting && page.workers.controller) offer(registration.waiting, notifier, page);
  registration.addEventListener('updatefound', () => watch(registration, notifier, page));
  watch(registration, notifier, page);
}

function ownPage(): OfflinePage | null {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return null;
  return {
    workers: navigator.serviceWorker,
    workerStatus,
    removeCaches: async () => {
      await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
    },
    reload: () => {
      location.reload();
    },
  };
}

async function workerStatus(): Promise<number | null> {
  if (!navigator.onLine) return null;
  const head = { method: 'HEAD', cache: 'no-store' } as const;
  return fetch(WORKER_URL, head).then(
    ({ status }) => status,
    () => null,
  );
}

async function withdraw(registration: ServiceWorkerRegistration, page: OfflinePage): Promise<void> {
  await registration.unregister();
  await page.removeCaches();
  // Still run by the old worker; the server's own version comes with the reload.
  if (page.workers.controller) page.reload();
}

/** A first installation shows itself twice: it is there after registering, and its `updatefound` comes later. */
const watched = new WeakSet<ServiceWorker>();

/** Speaks up once the version being installed is complete. */
function watch(registration: ServiceWorkerRegistration, notifier: Notifier, page: OfflinePage): void {
  const worker = registration.installing;
  if (!worker || watched.has(worker)) return;
  watched.add(worker);
  worker.addEventListener('statechange', () => {
    if (worker.state === 'installed' && registration.active) offer(worker, notifier, page);
    else if (worker.state === 'installed') notifier.info(messages.offline.ready);
    else if (worker.state === 'redundant' && !registration.active) notifier.info(messages.offline.failed);
  });
}

function offer(
  waiting: ServiceWorker,
  notifier: Notifier,
  page: OfflinePage,
  text = messages.offline.update,
): void {
  const run = () => void activate(waiting, notifier, page);
  notifier.info(text, { label: messages.offline.reload, run });
}

async function activate(waiting: ServiceWorker, notifier: Notifier, page: OfflinePage): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise<ActivateAnswer>((resolve) => {
    port1.onmessage = ({ data }) => {
      resolve(data as ActivateAnswer);
    };
  });
  // Not a second listener when the user tries again.
  waiting.onstatechange = () => {
    if (waiting.state === 'activated') page.reload();
  };
  waiting.postMessage({ type: ACTIVATE }, [port2]);
  if ((await answer) === 'other-tabs') offer(waiting, notifier, page, messages.offline.otherTabs);
  port1.close();
}
