/** What the page and the service worker say to each other. */

/** Where the build puts the worker; the page registers it for everything below. */
export const WORKER_URL = '/service-worker.js';

/** Message `{ type: ACTIVATE }` with a port: the user wants the waiting version now. */
export const ACTIVATE = 'activate';

/** Answer through the port; with other tabs open a version cannot change without mixing with the old one. */
export type ActivateAnswer = 'activating' | 'other-tabs';
