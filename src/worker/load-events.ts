import { sentence } from '#domain/job/sentence.ts';
import type { LoadWatch } from '#inference/network-pool.ts';
import type { JobContext } from '#pipelines/progress.ts';

/** Loads of a job, told as its progress: the finished share stays where it was, the words say what is on its way. */
export function loadEvents({ signal, onEvent }: JobContext): LoadWatch {
  return {
    signal,
    onLoad: (network, fraction) => {
      const detail = sentence`loading ${network} · ${Math.round(fraction * 100)}%`;
      onEvent({ kind: 'progress', phase: 'load', fraction: 0, remainingMs: null, detail });
    },
  };
}
