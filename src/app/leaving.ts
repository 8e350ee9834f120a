/**
 * Calls `save` whenever the page may be about to end: a phone or a crash gives no later chance (reliability-ux.md §6).
 * Answers how to stop that.
 */
export function whenLeaving(save: () => void): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  const hidden = () => {
    if (document.visibilityState === 'hidden') save();
  };
  document.addEventListener('visibilitychange', hidden, { signal });
  document.addEventListener('freeze', save, { signal });
  window.addEventListener('pagehide', save, { signal });
  return () => listening.abort();
}
