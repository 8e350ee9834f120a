/** What the lock of a session is called, as `src/storage/layer-session.ts` looks for it. */
const PREFIX = 'layer-pixels ';

let id = '';

/**
 * The session all workers of this page belong to, one after the other: the browser lets go of its lock when the page
 * ends, however it does. Pixels of a session that runs are cleared away by no other one.
 */
export function pageSession(): string {
  if (id) return id;
  id = crypto.randomUUID();
  // Where there are no locks, as on an insecure origin, there is no disk to share either.
  const locks = 'locks' in navigator ? navigator.locks : null;
  locks?.request(PREFIX + id, () => new Promise(() => undefined)).catch(() => undefined);
  return id;
}
