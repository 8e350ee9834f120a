import type { StoreSession } from './layer-pixels.ts';

/** What the lock of a session is called; the page holds it (`src/app/page-session.ts`). */
const PREFIX = 'layer-pixels ';

/**
 * The session of a page, in one of its workers. It outlasts the worker: what the page still shows, or could not store,
 * is cleared away by no other tab while the next worker starts.
 */
export class PageSession implements StoreSession {
  #id = '';

  /** @param id chosen by the page, which holds the lock for as long as it lives. Nothing is written before. */
  join(id: string): void {
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  async running(): Promise<readonly string[]> {
    // Where there are no locks, as on an insecure origin, there is no disk to share either.
    const locks = 'locks' in navigator ? navigator.locks : null;
    const { held = [] } = (await locks?.query()) ?? {};
    return held.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
  }
}
