import type { Layer, Likeness } from '#domain/document/layer.ts';
import type { LayerHost } from './layer-commands.ts';
import { LIKENESS_LIMIT, likenessLevel, type LikenessLevel } from './likeness.ts';
import { messages } from './messages.ts';

/** How alike painted layers are to what was there, and from where on the user is warned. */
export class LikenessGuard {
  /** Cosine below which ways back are offered. */
  limit = $state.raw(LIKENESS_LIMIT);
  /** Measured on demand, by pixels; what a run measured is part of its layers. */
  #measured = $state.raw<Readonly<Record<string, Likeness>>>({});
  readonly #host: LayerHost;

  constructor(host: LayerHost) {
    this.#host = host;
  }

  /** Null while it has not been measured. */
  of({ pixels: { id, similarity, unlike } }: Layer): Likeness | null {
    if (similarity === null) return this.#measured[id] ?? null;
    return { similarity, ...(unlike !== undefined && { unlike }) };
  }

  levelOf(layer: Layer): LikenessLevel | null {
    const likeness = this.of(layer);
    return likeness && likenessLevel(likeness, this.limit);
  }

  async measure(layer: Layer): Promise<void> {
    const { client, expect, notifier } = this.#host;
    const answer = await client.call((api) => api.layers.similarity(layer));
    const likeness = expect(answer);
    if (likeness) this.#measured = { ...this.#measured, [layer.pixels.id]: likeness };
    else if (answer.ok) notifier.info(messages.layers.likeness.unavailable);
  }
}
