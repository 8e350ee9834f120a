import type { DocumentState } from '#domain/document/state.ts';
import type { StudioState } from './studio-state.svelte.ts';

/** A document another picture takes the place of, kept so that the user can come back to it. */
export interface LeftDocument {
  readonly file: Blob;
  readonly name: string;
  readonly state: DocumentState;
}

/** The open document, or null when there is nothing in it but the picture itself. */
export function leftDocument({ image, history }: StudioState): LeftDocument | null {
  const { present: state } = history;
  if (!image || (state.candidates.length === 0 && state.layers.length === 0)) return null;
  return { file: image.file, name: image.name, state };
}
