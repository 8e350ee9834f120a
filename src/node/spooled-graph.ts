import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { WeightStream } from '#inference/weight-stream.ts';
import type { WeightSource } from '#inference/weights.ts';

/**
 * A graph written to disk with its computed weights, one file each under the location the graph gives it, so that
 * onnxruntime maps them instead of holding copies (spec/onnxruntime-web.md §6: it takes external data by path only
 * beside a model that is a file).
 */
export class SpooledGraph {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** @param parent a folder on a disk with room for the weights; default: the system's for temporary files. */
  static async write(
    graph: EmittedGraph,
    weights: WeightSource,
    parent = tmpdir(),
    signal?: AbortSignal,
  ): Promise<SpooledGraph> {
    await mkdir(parent, { recursive: true });
    const spooled = new SpooledGraph(await mkdtemp(join(parent, 'luna-graph-')));
    const stream = new WeightStream(graph, weights, { signal });
    try {
      await writeFile(spooled.modelPath, graph.model);
      for (const { path, data } of stream.mounts) await spooled.#writeWeight(path, data);
      return spooled;
    } catch (error) {
      await spooled.remove();
      throw error;
    } finally {
      stream.close();
    }
  }

  get modelPath(): string {
    return join(this.#dir, 'model.onnx');
  }

  async #writeWeight(location: string, data: Blob): Promise<void> {
    const path = join(this.#dir, location);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'wx');
    try {
      const reader = data.slice(0, data.size).stream().getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read())
        await file.write(piece.value);
    } finally {
      await file.close();
    }
  }

  /** What is mapped stays readable until its session goes, where the system can remove open files. */
  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
