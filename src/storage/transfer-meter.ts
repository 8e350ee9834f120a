/** Progress of an import or a download, as the page shows it. */
export interface TransferProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Over the last seconds; null until known. */
  readonly bytesPerSecond: number | null;
  readonly remainingMs: number | null;
  readonly stage: TransferStage;
}

/** What a transfer is doing at the moment. */
export type TransferStage = 'copying' | 'checking' | 'waiting for the network';

const WINDOW_MS = 5000;
const REPORT_EVERY_MS = 100;

/** Turns byte counts into progress, at most ten reports a second, and never a late one out of order. */
export class TransferMeter {
  readonly #onProgress: (progress: TransferProgress) => void;
  readonly #now: () => number;
  readonly #samples: { atMs: number; bytes: number }[] = [];
  #stage: TransferStage = 'copying';
  #reportedAtMs = -Infinity;

  constructor(onProgress: (progress: TransferProgress) => void, now: () => number) {
    this.#onProgress = onProgress;
    this.#now = now;
  }

  report(stage: TransferStage, doneBytes: number, totalBytes: number): void {
    const now = this.#now();
    const news = stage !== this.#stage || doneBytes >= totalBytes;
    // Another stage has another speed; going back means that something starts over.
    if (stage !== this.#stage || doneBytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples.length = 0;
    this.#stage = stage;
    this.#samples.push({ atMs: now, bytes: doneBytes });
    if (!news && now - this.#reportedAtMs < REPORT_EVERY_MS) return;
    this.#reportedAtMs = now;
    const bytesPerSecond = this.#speed(now);
    this.#onProgress({
      doneBytes,
      totalBytes,
      bytesPerSecond,
      remainingMs: bytesPerSecond ? ((totalBytes - doneBytes) / bytesPerSecond) * 1000 : null,
      stage,
    });
  }

  #speed(now: number): number | null {
    while (this.#samples.length > 2 && now - (this.#samples[1]?.atMs ?? now) > WINDOW_MS)
      this.#samples.shift();
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < REPORT_EVERY_MS) return null;
    return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000;
  }
}
