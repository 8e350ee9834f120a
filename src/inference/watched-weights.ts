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
  const rowSize = (key: string) => elementCount(source.shapes.get(key)?.slice(1) ?? []);
  const total = [...graph.consumedKeys].reduce((sum, key) => sum + size(key), 0);
  let done = 0;
  const counted = async <T>(elements: number, read: () => Promise<T>): Promise<T> => {
    watch.signal.throwIfAborted();
    const value = await read();
    if (value !== null) done += elements;
    watch.onLoad(graph.name, total > 0 ? Math.min(done / total, 1) : 1);
    return value;
  };
  return {
    ...source,
    float: (key) => counted(size(key), () => source.float(key)),
    rows: (key, begin, end) => counted((end - begin) * rowSize(key), () => source.rows(key, begin, end)),
    stored: (key, range) =>
      counted(range ? range.end - range.begin : size(key), () => source.stored(key, range)),
  };
}
