import type { DocumentHistory } from '#domain/document/history.ts';
import type { OwnedDocument } from './document-session.svelte.ts';
import type { StudioState } from './studio-state.svelte.ts';

/** A document another picture takes the place of, kept with its history so that the user can come back to it. */
export interface LeftDocument {
  readonly file: Blob;
  readonly name: string;
  readonly history: DocumentHistory;
  /** Null where nothing is stored. */
  readonly owned: OwnedDocument | null;
}

/** The open document, or null when there is nothing in it but the picture itself. */
export function leftDocument(
  { image, history: { whole: history } }: StudioState,
  owned: OwnedDocument | null,
): LeftDocument | null {
  const { candidates, layers } = history.present;
  if (!image || (candidates.length === 0 && layers.length === 0)) return null;
  return { file: image.file, name: image.name, history, owned };
}
