import { addPlugins, precacheAndRoute } from 'workbox-precaching';
import { ACTIVATE, type ActivateAnswer } from './protocol.ts';
import { onlyVerified, usableEntries, type ManifestEntry } from './shell.ts';

declare const self: ServiceWorkerGlobalScope & { readonly __WB_MANIFEST: readonly ManifestEntry[] };

// Scope and rules of S10: the entries of our own build and nothing else, each checked against the SHA-256 in this file.
addPlugins([onlyVerified]);
precacheAndRoute([...usableEntries(self.__WB_MANIFEST, 'Suspending' in WebAssembly)], {
  directoryIndex: 'index.html',
  cleanURLs: false,
  // Whatever follows the question mark, the page is the same one.
  ignoreURLParametersMatching: [/./],
});

// A new version waits until the user asks for it or the last tab is closed. It is never put under an open tab, which
// would ask it for files of the old version: the GPU worker is loaded anew whenever it is restarted.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: unknown } | null)?.type === ACTIVATE) event.waitUntil(activate(event));
});

async function activate(event: ExtendableMessageEvent): Promise<void> {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const answer: ActivateAnswer = tabs.length > 1 ? 'other-tabs' : 'activating';
  event.ports[0]?.postMessage(answer);
  if (answer === 'activating') await self.skipWaiting();
}
