import type { JobEvent } from '#domain/job/events.ts';
import type { Recipe } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { Picture } from './picture.ts';
import type { Viewer } from './viewer.ts';

/** The opened picture and what has been made of it. */
export interface Document {
  readonly name: string;
  readonly picture: Picture;
  /** The canvas as last refined, and what made it. */
  result: Refined | null;
}

export interface Refined {
  readonly canvas: Raster8<'canvas'>;
  readonly recipe: Recipe;
}

/** What the refine pipeline reports to. */
export interface RefineEvents {
  readonly onEvent: (event: JobEvent) => void;
  readonly onCanvas: (canvas: Raster8<'canvas'>) => void;
}

/**
 * One refinement of one document. The document keeps its previous result until the new run has painted something; a
 * run that ends before that leaves everything as it was.
 */
export class RefineRun {
  readonly #document: Document;
  readonly #recipe: Recipe;
  /** The viewer, while it still shows this document. */
  readonly #viewer: () => Viewer | null;
  #canvas: Raster8<'canvas'> | null = null;

  constructor(document: Document, recipe: Recipe, viewer: () => Viewer | null) {
    this.#document = document;
    this.#recipe = recipe;
    this.#viewer = viewer;
  }

  /** Runs the pipeline and commits what it finishes; `forward` gets every event. */
  async follow(
    pipeline: (events: RefineEvents) => Promise<Raster8<'canvas'>>,
    forward: (event: JobEvent) => void,
  ): Promise<Raster8<'canvas'>> {
    const previous = this.#document.result;
    try {
      const canvas = await pipeline({
        onCanvas: (raster) => this.#begin(raster),
        onEvent: (event) => {
          if (event.kind === 'area') this.#painted(event);
          forward(event);
        },
      });
      this.#document.result = { canvas, recipe: { ...this.#recipe, complete: true } };
      return canvas;
    } catch (error) {
      if (this.#document.result === previous) this.#viewer()?.setRefined(previous?.canvas ?? null);
      throw error;
    }
  }

  #begin(canvas: Raster8<'canvas'>): void {
    this.#canvas = canvas;
    this.#viewer()?.setRefined(canvas);
  }

  #painted({ area }: Extract<JobEvent, { kind: 'area' }>): void {
    if (this.#canvas) this.#document.result = { canvas: this.#canvas, recipe: this.#recipe };
    this.#viewer()?.refreshArea(area);
  }
}
