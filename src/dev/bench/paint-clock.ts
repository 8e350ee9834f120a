import type { Page } from 'playwright';

/** What the page's observers have seen since they were cleared; milliseconds. */
export interface Seen {
  /** From an input event to the end of the page's work on the next frame. */
  readonly paints: number[];
  /** From an input event to what is presented, as the browser itself measures it, in steps of 8 ms and from 16 ms on. */
  readonly events: number[];
  /** From a camera move to its drawing in the viewer worker. */
  readonly views: number[];
  /** From a pointer to its painted mask. */
  readonly strokes: number[];
  /** From one frame of the page to the next. */
  readonly frames: number[];
  /** Tasks of the main thread that took 50 ms or more. */
  readonly longTasks: number[];
}

/** Starts observing before the page's own scripts do anything; call before the page is opened. */
export async function installClock(page: Page): Promise<void> {
  // The transpiler marks functions with a helper that the page does not have.
  await page.addInitScript({ content: `globalThis.__name = (it) => it; (${observe})();` });
}

export async function clearClock(page: Page): Promise<void> {
  await page.evaluate('globalThis.lunaClock.clear()');
}

export async function readClock(page: Page): Promise<Seen> {
  return (await page.evaluate('globalThis.lunaClock.seen')) as Seen;
}

/** Runs in the page, by its text alone. */
function observe(): void {
  const seen: Seen = { paints: [], events: [], views: [], strokes: [], frames: [], longTasks: [] };
  const clear = () => Object.values(seen).forEach((list: number[]) => list.splice(0));
  Object.assign(globalThis, { lunaClock: { seen, clear } });
  const follow = (options: PerformanceObserverInit, take: (entry: PerformanceEntry) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe(options);
  const eventOptions = { type: 'event', durationThreshold: 16 };
  follow(eventOptions, ({ duration }) => seen.events.push(duration));
  follow({ type: 'longtask' }, ({ duration }) => seen.longTasks.push(duration));
  follow({ type: 'measure' }, ({ name, duration }) => {
    if (name === 'luna:view') seen.views.push(duration);
    if (name === 'luna:stroke') seen.strokes.push(duration);
  });

  const painted = new MessageChannel();
  const waiting: number[] = [];
  painted.port1.onmessage = () => {
    const now = performance.now();
    seen.paints.push(...waiting.splice(0).map((since) => now - since));
  };
  const note = (event: Event) => {
    // A message sent in a frame arrives after that frame's styles, layout and paint.
    if (waiting.push(event.timeStamp) === 1) requestAnimationFrame(() => painted.port2.postMessage(null));
  };
  for (const type of ['pointerdown', 'pointermove', 'pointerup', 'click', 'keydown', 'input', 'wheel'])
    addEventListener(type, note, { capture: true, passive: true });

  let last = 0;
  const frame = (now: number) => {
    if (last > 0) seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
