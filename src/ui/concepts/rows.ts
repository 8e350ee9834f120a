/** The line of a detection in the list, as far as it is there: a long list has only those near what is in view. */
export function rowOf(detectionId: string): HTMLElement | null {
  return document.querySelector(`[data-detection="${CSS.escape(detectionId)}"]`);
}
