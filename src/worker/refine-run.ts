import { sameSize } from '#domain/document/stack.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { LayerCanvas } from '#pipelines/layer-canvas.ts';
import type { Document } from './document.ts';

/** What the refine pipeline reports to. */
export interface RefineEvents {
  readonly onEvent: (event: JobEvent) => void;
  readonly canvasFor: (size: Size<'canvas'>) => Promise<LayerCanvas>;
}

/**
 * One refinement of one document. The document keeps its previous canvas until the new run has painted something; a run
 * that ends before that leaves everything as it was.
 */
export class RefineRun {
  readonly #document: Document;
  readonly #made: NonNullable<Document['ran']>;
  readonly #open: (size: Size<'canvas'>) => Promise<LayerCanvas>;
  readonly #show: (canvas: LayerCanvas | null) => void;
  #painted = false;

  /**
   * @param made what the run is made of, for recipes.
   * @param open makes a canvas of another size.
   * @param show puts another canvas before the user, unless another document is there meanwhile.
   */
  constructor(
    document: Document,
    made: NonNullable<Document['ran']>,
    open: (size: Size<'canvas'>) => Promise<LayerCanvas>,
    show: (canvas: LayerCanvas | null) => void,
  ) {
    this.#document = document;
    this.#made = made;
    this.#open = open;
    this.#show = show;
  }

  /** Runs the pipeline and keeps account of what it finishes; `forward` gets every event. */
  async follow<T>(
    pipeline: (events: RefineEvents) => Promise<T>,
    forward: (event: JobEvent) => void,
  ): Promise<T> {
    const previous = this.#document.canvas;
    try {
      return await pipeline({
        canvasFor: (size) => this.#canvasFor(size),
        onEvent: (event) => {
          if (event.kind === 'layer') this.#finished(event);
          forward(event);
        },
      });
    } catch (error) {
      if (!this.#painted && this.#document.canvas !== previous) this.#take(previous);
      throw error;
    }
  }

  async #canvasFor(size: Size<'canvas'>): Promise<LayerCanvas> {
    const { canvas } = this.#document;
    if (canvas && sameSize(canvas.base, size)) return canvas;
    const opened = await this.#open(size);
    this.#take(opened);
    return opened;
  }

  #take(canvas: LayerCanvas | null): void {
    this.#document.canvas = canvas;
    this.#show(canvas);
  }

  #finished({ layer }: Extract<JobEvent, { kind: 'layer' }>): void {
    this.#painted = true;
    this.#document.ran = this.#made;
    for (const { id } of layer.variations) this.#document.painted.add(id);
  }
}
