import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { layerName, type LayerHost } from './layer-commands.ts';
import type { LayerPreviews } from './layer-previews.ts';
import { ownCommand } from './paint-wish.ts';

/**
 * A layer's paintings side by side, to choose from. The first place is the picture without the layer: choosing that
 * hides it.
 */
export class VariationWall {
  layerId = $state.raw<string | null>(null);
  /** Place that keys act on: 0 is the picture before, then the paintings. */
  cursor = $state.raw(0);
  /** While held, every place shows the picture before. */
  comparing = $state.raw(false);
  readonly #host: LayerHost;
  readonly #previews: LayerPreviews;

  readonly layer = $derived.by((): Layer | undefined =>
    this.#host.document.layers.find(({ id }) => id === this.layerId),
  );
  /** Null is the picture before. */
  readonly places = $derived<readonly (LayerPixels | null)[]>(
    this.layer ? [null, ...this.layer.variations] : [],
  );
  /** The place of what is chosen now. */
  readonly chosen = $derived(
    this.layer?.visible ? this.places.findIndex((pixels) => pixels?.id === this.layer?.pixels.id) : 0,
  );

  constructor(host: LayerHost, previews: LayerPreviews) {
    this.#host = host;
    this.#previews = previews;
  }

  open(layerId: string): void {
    this.#previews.forget(layerId);
    this.layerId = layerId;
    this.cursor = this.chosen;
    this.comparing = false;
  }

  close(): void {
    this.layerId = null;
    this.comparing = false;
  }

  /** Moves the cursor by columns and rows of a wall this wide; it stays where there is no place. */
  move(columns: number, rows: number, width: number): void {
    const next = this.cursor + columns + rows * width;
    if (next >= 0 && next < this.places.length) this.cursor = next;
  }

  goTo(place: number): void {
    this.cursor = Math.max(0, Math.min(this.places.length - 1, place));
  }

  /** Takes the painting under the cursor, together with the noise it came from, so that a new run paints it again. */
  choose(): void {
    const { layer, cursor } = this;
    const { document } = this.#host;
    if (!layer || cursor === this.chosen) return this.close();
    const pixels = this.places[cursor];
    const ids = [layer.id];
    const subject = layerName(layer);
    if (!pixels)
      document.dispatch(
        { type: 'update-layers', ids, patch: { visible: false } },
        { name: 'visibility', subject },
      );
    else {
      const { detectionId } = layer.origin;
      const { region } = pixels.recipe;
      const own = detectionId === null ? [] : ownCommand(document.candidates, detectionId, { region });
      document.dispatch([{ type: 'update-layers', ids, patch: { pixels, visible: true } }, ...own], {
        name: 'variation',
        subject,
      });
    }
    this.close();
  }

  /** Drops the painting under the cursor; the last one stays. If it was the chosen one, its neighbour takes its place. */
  drop(): void {
    const { layer, cursor } = this;
    const dropped = this.places[cursor];
    if (!layer || !dropped || layer.variations.length < 2) return;
    const variations = layer.variations.filter(({ id }) => id !== dropped.id);
    const beside = variations[Math.min(cursor - 1, variations.length - 1)] as LayerPixels;
    const pixels = layer.pixels.id === dropped.id ? beside : layer.pixels;
    this.#host.document.dispatch(
      { type: 'update-layers', ids: [layer.id], patch: { variations, pixels } },
      { name: 'drop-variation', subject: layerName(layer) },
    );
    this.goTo(cursor);
  }
}
