import type { Detection, DetectionOverrides } from '../job/request.ts';

/** What one detection in a row is told; a missing text is its concept's. */
export interface DetectionText {
  readonly prompt?: string;
  readonly negative?: string;
  /** It is not refined. */
  readonly skip: boolean;
}

/** Texts for a concept's detections by their place in the list, the last one for all that follow. */
export interface Sequence {
  /** Which end of the list the first text belongs to. */
  readonly from: 'start' | 'end';
  readonly texts: readonly DetectionText[];
}

/** What a sequence changes of one detection: for `update-candidates`. */
export interface SequencePatch {
  readonly id: string;
  readonly patch: { readonly tick?: false; readonly own?: DetectionOverrides };
}

/**
 * Gives each of a concept's listed detections its text: the second number the second text. Detections the sequence says
 * nothing about are not in the answer; other settings of their own stay.
 */
export function applySequence(
  shown: readonly Detection[],
  conceptId: string,
  { from, texts }: Sequence,
): readonly SequencePatch[] {
  if (texts.length === 0) return [];
  const listed = shown.filter((detection) => detection.conceptId === conceptId);
  const numbered = from === 'start' ? listed : listed.toReversed();
  return numbered.flatMap(({ id, own }, i): SequencePatch[] => {
    const { prompt, negative, skip } = texts[Math.min(i, texts.length - 1)] as DetectionText;
    if (skip) return [{ id, patch: { tick: false } }];
    if (prompt === undefined && negative === undefined) return [];
    const words = {
      ...(prompt === undefined ? {} : { prompt }),
      ...(negative === undefined ? {} : { negative }),
    };
    return [{ id, patch: { own: { ...own, ...words } } }];
  });
}
