import type { Layer } from '#domain/document/layer.ts';
import type { CommandHost } from './job-runner.ts';

/** Pictures kept at most, whatever their size: thumbnails of a long stack and a wall or two. */
const MOST = 256;

/**
 * Small pictures of layers, asked of the worker one at a time so that a long list keeps it free for drawing. Kept
 * outside the states: pixels are nothing to react to.
 */
export class LayerPreviews {
  readonly #host: CommandHost;
  /** Oldest use first. */
  readonly #kept = new Map<string, Promise<ImageBitmap | null>>();
  #queue: Promise<unknown> = Promise.resolve();
  /** Counts pictures that were opened. */
  #opened = 0;

  constructor(host: CommandHost) {
    this.#host = host;
  }

  /** The canvas with one of a layer's paintings, shown whether the layer is or not; null where it cannot be had. */
  painting(layer: Layer, pixelsId: string, maxSidePx: number): Promise<ImageBitmap | null> {
    const shown = { ...layer, visible: true };
    return this.#get(`${layer.id} ${pixelsId} ${maxSidePx}`, shown, pixelsId, maxSidePx);
  }

  /** The canvas of a layer's area without the layer. */
  before(layer: Layer, maxSidePx: number): Promise<ImageBitmap | null> {
    const hidden = { ...layer, visible: false };
    return this.#get(`${layer.id} before ${maxSidePx}`, hidden, layer.pixels.id, maxSidePx);
  }

  /** Forgets a layer's pictures: what lies below may look different now. */
  forget(layerId: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(`${layerId} `)) this.#drop(key);
  }

  /** Forgets all pictures, and those that are still asked for: another picture is open now. */
  clear(): void {
    this.#opened++;
    for (const key of this.#kept.keys()) this.#drop(key);
  }

  #get(key: string, layer: Layer, pixelsId: string, maxSidePx: number): Promise<ImageBitmap | null> {
    const picture = this.#kept.get(key) ?? this.#ask(layer, pixelsId, maxSidePx);
    this.#kept.delete(key);
    this.#kept.set(key, picture);
    for (const oldest of this.#kept.keys()) if (this.#kept.size > MOST) this.#drop(oldest);
    void picture.then((bitmap) => {
      if (!bitmap && this.#kept.get(key) === picture) this.#kept.delete(key);
    });
    return picture;
  }

  /** Whoever is waiting for the picture draws it first: they asked before. */
  #drop(key: string): void {
    void this.#kept.get(key)?.then((bitmap) => bitmap?.close());
    this.#kept.delete(key);
  }

  #ask(layer: Layer, pixelsId: string, maxSidePx: number): Promise<ImageBitmap | null> {
    const { client } = this.#host;
    const opened = this.#opened;
    const asked = this.#queue.then(async () => {
      if (opened !== this.#opened) return null;
      const answer = await client.call((api) => api.layers.preview(layer, pixelsId, maxSidePx));
      return answer.ok ? answer.value : null;
    });
    this.#queue = asked;
    return asked;
  }
}
