import type { ByteSource } from '#formats/byte-source.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';

interface Range {
  readonly begin: number;
  readonly end: number;
}

/** A byte source that remembers which parts of it were read, in order. */
export class WatchedSource implements ByteSource {
  readonly ranges: Range[] = [];
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get name(): string {
    return this.#source.name;
  }

  get size(): number {
    return this.#source.size;
  }

  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    this.ranges.push({ begin, end });
    return this.#source.read(begin, end);
  }

  /** The same reads once more with nothing else to do: milliseconds and bytes. */
  async replay(ranges: readonly Range[]): Promise<{ readonly ms: number; readonly bytes: number }> {
    const start = performance.now();
    let bytes = 0;
    for (const { begin, end } of ranges) bytes += (await this.#source.read(begin, end)).length;
    return { ms: performance.now() - start, bytes };
  }
}

/** Tensors of which some byte was never read. */
export function unreadTensors(file: SafetensorsFile, ranges: readonly Range[]): string[] {
  const sorted = [...ranges].sort((a, b) => a.begin - b.begin);
  const merged: { begin: number; end: number }[] = [];
  for (const { begin, end } of sorted) {
    const last = merged.at(-1);
    if (last && begin <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ begin, end });
  }
  const covered = (range: Range) => merged.some(({ begin, end }) => begin <= range.begin && range.end <= end);
  return [...file.header.tensors].filter(([, entry]) => !covered(entry)).map(([name]) => name);
}
