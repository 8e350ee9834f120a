import type { EmittedGraph } from '#models/graph/builder.ts';
import { elementCount } from '#models/graph/dtype.ts';
import type { WeightSource } from './weights.ts';

/** Who waits for the weights: can stop their reading, and is told the share that has been read. */
export interface WeightWatch {
  readonly signal: AbortSignal;
  onLoad(network: string, fraction: number): void;
}

/** A source whose reads count towards a graph's load and end with its job: loading is the longest step of all. */
export function watchedWeights(source: WeightSource, graph: EmittedGraph, watch: WeightWatch): WeightSource {
  const size = (key: string) => elementCount(source.shapes.get(key) ?? []);
  const total = [...graph.consumedKeys].reduce((sum, key) => sum + size(key), 0);
  let done = 0;
  const counted = <T>(key: string, read: (key: string) => Promise<T>): Promise<T> => {
    watch.signal.throwIfAborted();
    return read(key).then((value) => {
      if (value !== null) done += size(key);
      watch.onLoad(graph.name, total > 0 ? Math.min(done / total, 1) : 1);
      return value;
    });
  };
  return {
    ...source,
    float: (key) => counted(key, (name) => source.float(name)),
    stored: (key) => counted(key, (name) => source.stored(name)),
  };
}
