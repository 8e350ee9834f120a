import type { NetworkRuntime } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';
import { VirtualBlob } from '#inference/virtual-blob.ts';
import { runFolder } from '../../src/dev/golden/run.ts';
import type { CaseResult } from '../../src/dev/golden/types.ts';
import { fileSystem, paths } from './network-files.ts';

/** The cases of a golden folder that are further off on a runtime than its README allows, on any provider. */
export async function failures(runtime: NetworkRuntime, kind: string): Promise<CaseResult[]> {
  const text = await fileSystem.readFile(paths.join(kind, 'config.json'));
  const config = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { cases, problem } = await runFolder({ dir: kind, kind, config }, runtime);
  if (problem) throw new Error(problem);
  return cases.filter(({ pass }) => !pass);
}

/** A weight source that counts how often each tensor's values are made; a tensor in pieces counts with its first. */
export function counted(weights: WeightSource): { weights: WeightSource; reads: Map<string, number> } {
  const reads = new Map<string, number>();
  const count = <T>(key: string, value: T): T => {
    reads.set(key, (reads.get(key) ?? 0) + 1);
    return value;
  };
  return {
    reads,
    weights: {
      ...weights,
      stored: (key, range) => {
        const isFirst = !range || (range.begin === 0 && range.end > 0);
        return isFirst ? count(key, weights.stored(key, range)) : weights.stored(key, range);
      },
    },
  };
}

/** Records how the runtime asks virtual blobs for their bytes, until `restore`. */
export function watchBlobs() {
  const seen = { slices: 0, byobReaders: 0, defaultReaders: 0 };
  const { slice } = Object.getOwnPropertyDescriptors(VirtualBlob.prototype);
  VirtualBlob.prototype.slice = function (this: VirtualBlob, begin?: number, end?: number) {
    seen.slices++;
    return watchedPart((slice.value as Blob['slice']).call(this, begin, end), seen);
  };
  const restore = () => Object.defineProperties(VirtualBlob.prototype, { slice });
  return { seen, restore };
}

type Readers = { byobReaders: number; defaultReaders: number };

function watchedPart(part: Blob, seen: Readers): Blob {
  const stream = () => {
    const inner = part.stream() as unknown as { getReader(options?: { mode?: string }): unknown };
    return {
      getReader: (options?: { mode?: string }) => {
        const reader = inner.getReader(options);
        if (options?.mode === 'byob') seen.byobReaders++;
        else seen.defaultReaders++;
        return reader;
      },
    };
  };
  return { stream } as unknown as Blob;
}
