import type { Layer } from '#domain/document/layer.ts';
import type { StackUpdate } from '#worker/api-layers.ts';

/** Remembers which layers the worker has, so that a drag of one opacity does not send the masks of a hundred layers. */
export class StackMemory {
  #sent: ReadonlySet<Layer> = new Set();

  /** What has to be sent to show this stack. Layers are compared by identity: the document never changes one in place. */
  updateFor(layers: readonly Layer[]): StackUpdate {
    const fresh = layers.filter((layer) => !this.#sent.has(layer));
    this.#sent = new Set(layers);
    return { order: layers.map(({ id }) => id), layers: fresh };
  }

  /** A new worker has none. */
  forget(): void {
    this.#sent = new Set();
  }
}
