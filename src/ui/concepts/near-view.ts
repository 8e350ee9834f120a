import type { Attachment } from 'svelte/attachments';

/** How far outside what is scrolled into view something still counts as near it. */
const MARGIN_PX = 600;

/** Tells whether an element is in view or about to be scrolled into it, and how high it was last. */
export function nearView(tell: (near: boolean, heightPx: number) => void): Attachment<HTMLElement> {
  return (element) => {
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        if (last) tell(last.isIntersecting, last.boundingClientRect.height);
      },
      // Unlike a root margin it also counts inside a panel that scrolls.
      { scrollMargin: `${MARGIN_PX}px` },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}
