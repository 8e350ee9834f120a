import { afterEach, beforeEach, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { Studio, type Offer } from '#app/studio.ts';
import { WorkerClient, type Result, type RuntimeInfo } from '#app/worker-client.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import { pressFor } from '#ui/canvas/gestures-tools.ts';

const size = { width: 100, height: 80 };
const RUNTIME: RuntimeInfo = { networks: '', kernels: '', accelerated: false, models: [] };
export const plain = { shiftKey: false, altKey: false, button: 0 };
export const boxed = (x: number, y: number, width: number, height: number): MaskRle =>
  rectToRle(rect(x, y, width, height), size);

type Method = (...args: never[]) => unknown;

/** A worker that answers at once with what the test laid down. */
class ReadyClient extends WorkerClient {
  readonly answers: Record<string, Method> = {};

  override start(): Promise<Result<RuntimeInfo>> {
    return Promise.resolve({ ok: true, value: RUNTIME });
  }

  override async call<T>(request: (api: never, viewer: never) => Promise<Result<T>>): Promise<Result<T>> {
    return request(this.#api as never, this.#api as never);
  }

  override send(): Promise<void> {
    return Promise.resolve();
  }

  readonly #api: object = new Proxy(
    {},
    {
      get: (_target, name) => {
        const key = String(name);
        if (['models', 'layers', 'concepts', 'masks'].includes(key)) return this.#api;
        return (...args: never[]) => Promise.resolve(this.answers[key]?.(...args));
      },
    },
  );
}

export let client: ReadyClient;
export let studio: Studio;
export const said: { message: string; offers: readonly Offer[] }[] = [];
export const ok = (value: unknown) => ({ ok: true, value });
export const settle = () => vi.advanceTimersByTimeAsync(50);
export const names = () => studio.document.history.steps.map(({ name }) => name);
export const selectedMask = () => studio.document.selectedDetection!.mask;

/** Opens a picture of 100 × 80 px in a fresh studio before each test. */
export function withStudio(): void {
  beforeEach(async () => {
    vi.useFakeTimers();
    vi.stubGlobal('requestAnimationFrame', () => 1);
    vi.stubGlobal('cancelAnimationFrame', () => undefined);
    said.length = 0;
    const notifier = {
      info: (message: string, ...offers: (Offer | undefined)[]) =>
        void said.push({ message, offers: offers.filter((offer) => offer !== undefined) }),
      error: (message: string) => void said.push({ message, offers: [] }),
    };
    studio = new Studio(notifier, DEFAULTS, (onCrash) => (client = new ReadyClient(onCrash)));
    client.answers['openImage'] = () => ok({ name: 'a.png', size, sha256: '', carried: null });
    client.answers['settingsIn'] = () => ok(null);
    await studio.open(new Blob(), 'a.png');
    studio.view.resize(100, 80, 1);
    studio.view.camera = { scale: 1, x: 0, y: 0 };
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
}

/** Uses the tool in hand: down, along the points, up. */
export function use(points: readonly (readonly [number, number])[], modifiers = plain): void {
  const [first, ...rest] = points.map(([x, y]) => ({ x, y }));
  const press = pressFor(studio, first!, modifiers);
  for (const point of rest) press?.move([point], modifiers);
  press?.up(rest.length === 0);
}
