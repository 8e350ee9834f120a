import type { DocumentHistory, HistoryStep } from '#domain/document/history.ts';
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

/**
 * The open document, or null when nothing in it, its snapshots or its history, undone steps included, is of this picture
 * alone: concepts and parameters go on with the next one.
 */
export function leftDocument(
  { image, history: { whole: history } }: StudioState,
  owned: OwnedDocument | null,
): LeftDocument | null {
  const { candidates, layers } = history.present;
  const hasWork =
    candidates.length + layers.length + history.snapshots.length > 0 || history.steps.some(isOfPicture);
  return image && hasWork ? { file: image.file, name: image.name, history, owned } : null;
}

/** A step in storage might be. */
const isOfPicture = ({ diff }: HistoryStep): boolean =>
  diff === null || diff.candidates !== null || diff.layers !== null;
