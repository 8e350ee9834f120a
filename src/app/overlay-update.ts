import type { MaskRle } from '#domain/job/request.ts';
import type { OverlayItem } from '#worker/api.ts';
import type { OverlayUpdate } from '#worker/api-viewer.ts';

/** Remembers which masks the viewer has, so that choosing another detection does not send a thousand of them again. */
export class OverlayMemory {
  readonly #sent = new Map<string, MaskRle>();

  /** What has to be sent to show these items. Masks are compared by identity: the document never changes one in place. */
  updateFor(items: readonly OverlayItem[]): OverlayUpdate {
    const masks = items.filter(({ id, mask }) => this.#sent.get(id) !== mask);
    const present = new Set(items.map(({ id }) => id));
    for (const id of this.#sent.keys()) if (!present.has(id)) this.#sent.delete(id);
    for (const { id, mask } of masks) this.#sent.set(id, mask);
    return {
      looks: items.map(({ mask: _mask, ...look }) => look),
      masks: masks.map(({ id, mask }) => ({ id, mask })),
    };
  }

  /** A new viewer has none. */
  forget(): void {
    this.#sent.clear();
  }
}
