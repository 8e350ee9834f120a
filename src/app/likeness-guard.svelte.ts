import type { Layer } from '#domain/document/layer.ts';
import type { LayerHost } from './layer-commands.ts';
import { LIKENESS_LIMIT, likenessLevel, type LikenessLevel } from './likeness.ts';
import { messages } from './messages.ts';

/** How alike painted layers are to what was there, and from where on the user is warned. */
export class LikenessGuard {
  /** Cosine below which ways back are offered. */
  limit = $state.raw(LIKENESS_LIMIT);
  /** Measured on demand, by pixels; what a run measured is part of its layers. */
  #measured = $state.raw<Readonly<Record<string, number>>>({});
  readonly #host: LayerHost;

  constructor(host: LayerHost) {
    this.#host = host;
  }

  /** Null while it has not been measured. */
  of({ pixels }: Layer): number | null {
    return pixels.similarity ?? this.#measured[pixels.id] ?? null;
  }

  levelOf(layer: Layer): LikenessLevel | null {
    const similarity = this.of(layer);
    return similarity === null ? null : likenessLevel(similarity, this.limit);
  }

  async measure(layer: Layer): Promise<void> {
    const { client, expect, notifier } = this.#host;
    const answer = await client.call((api) => api.layers.similarity(layer));
    const similarity = expect(answer);
    if (similarity !== null) this.#measured = { ...this.#measured, [layer.pixels.id]: similarity };
    else if (answer.ok) notifier.info(messages.layers.likeness.unavailable);
  }
}
