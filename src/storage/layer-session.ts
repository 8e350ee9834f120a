import type { StoreSession } from './layer-pixels.ts';

const PREFIX = 'layer-pixels ';

/** A session that lasts as long as its worker: the browser lets go of its lock however that ends. */
export function browserSession(): StoreSession {
  const id = crypto.randomUUID();
  // Where there are no locks, as on an insecure origin, there is no disk to share either.
  const locks = 'locks' in navigator ? navigator.locks : null;
  void locks?.request(PREFIX + id, () => new Promise(() => undefined));
  return {
    id,
    running: async () => {
      const { held = [] } = (await locks?.query()) ?? {};
      return held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
    },
  };
}
