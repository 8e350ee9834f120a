import type { Page } from 'playwright';

/** What a view of the page says, and what of it cannot be read. */
export interface WordsShown {
  /** Every text that is seen or read aloud, with where it stands. */
  readonly texts: readonly string[];
  /** Text that is cut off without an ellipsis and a title, or lies over other text. */
  readonly cut: readonly string[];
}

/**
 * Reads the page as it is now. Runs in the page, so it is one function without imports.
 * Seen: text nodes, options, values of text fields' placeholders; read aloud: names, descriptions and titles.
 */
export const wordsShown = (page: Page): Promise<WordsShown> =>
  page.evaluate(() => {
    const SPOKEN = ['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext'];
    SPOKEN.push('title', 'alt', 'placeholder');
    const isSeen = (element: Element) => element.checkVisibility({ visibilityProperty: true });
    const isClipped = (style: CSSStyleDeclaration) =>
      style.clipPath !== 'none' || style.getPropertyValue('clip') !== 'auto';
    const isOnlyHeard = (element: Element | null): boolean =>
      element !== null && (isClipped(getComputedStyle(element)) || isOnlyHeard(element.parentElement));
    const texts: string[] = [document.title];
    for (const element of document.body.querySelectorAll('*')) {
      if (!isSeen(element) && element.tagName !== 'OPTION') continue;
      for (const name of SPOKEN) texts.push(element.getAttribute(name) ?? '');
    }
    interface Line {
      readonly text: string;
      readonly element: Element;
      readonly rect: DOMRect;
    }
    const lines: Line[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (!element || text === '' || ['SCRIPT', 'STYLE'].includes(element.tagName)) continue;
      if (element.tagName !== 'OPTION' && !isSeen(element)) continue;
      texts.push(text);
      if (isOnlyHeard(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects())
        if (rect.width > 1 && rect.height > 1) lines.push({ text, element, rect });
    }
    /** Whether an ancestor hides an end of the line for good: not by scrolling, and not with an ellipsis and a title. */
    const cutBy = ({ element, rect }: Line): Element | null => {
      for (let box: Element | null = element; box && box !== document.body; box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.position === 'fixed') break;
        if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
        const frame = box.getBoundingClientRect();
        const outX = rect.right > frame.right + 1 || rect.left < frame.left - 1;
        const outY = rect.bottom > frame.bottom + 2 || rect.top < frame.top - 2;
        const scrolls = (overflow: string) => overflow === 'auto' || overflow === 'scroll';
        if ((scrolls(style.overflowX) && outX) || (scrolls(style.overflowY) && outY)) return null;
        const told = style.textOverflow === 'ellipsis' && box.closest('[title]:not([title=""])') !== null;
        if (outX && told) return null;
        if (outX || outY) return box;
      }
      return rect.right > innerWidth + 1 || rect.left < -1 ? document.body : null;
    };
    /** Ancestors that lay something over the rest: lines of different ones may cover each other. */
    const layerOf = (element: Element): Element | null =>
      element.closest(
        '[role="dialog"], [data-sonner-toaster], .popover, .tooltip, main, header, footer, section',
      );
    /** What is left of the line by all that cuts it off, an ellipsis or a scrolled list too. */
    const shownOf = ({ element, rect }: Line): DOMRect => {
      let [left, top, right, bottom] = [rect.left, rect.top, rect.right, rect.bottom];
      for (let box: Element | null = element; box; box = box.parentElement) {
        const { overflowX, overflowY, position } = getComputedStyle(box);
        if (overflowX !== 'visible' || overflowY !== 'visible') {
          const frame = box.getBoundingClientRect();
          [left, top] = [Math.max(left, frame.left), Math.max(top, frame.top)];
          [right, bottom] = [Math.min(right, frame.right), Math.min(bottom, frame.bottom)];
        }
        if (position === 'fixed') break;
      }
      return new DOMRect(left, top, right - left, bottom - top);
    };
    const covers = (a: DOMRect, b: DOMRect) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5;
    const inSight = ({ element }: Line, { left, top, width, height }: DOMRect) => {
      if (width <= 0 || height <= 0) return false;
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      if (hit === null || layerOf(hit) !== layerOf(element)) return false;
      // A heading that stays while the rest scrolls below it hides what it covers.
      for (let box: Element | null = hit; box && !box.contains(element); box = box.parentElement)
        if (!/^rgba\(.*, 0\)$|^transparent$/.test(getComputedStyle(box).backgroundColor)) return false;
      return true;
    };
    const cut: string[] = [];
    for (const line of lines) {
      const box = cutBy(line);
      if (box) cut.push(`cut off by <${box.tagName.toLowerCase()} class="${box.className}">: ${line.text}`);
    }
    const seen = lines
      .map((line) => ({ ...line, shown: shownOf(line) }))
      .filter((line) => inSight(line, line.shown));
    seen.forEach((a, i) => {
      for (const b of seen.slice(i + 1))
        if (a.element !== b.element && layerOf(a.element) === layerOf(b.element) && covers(a.shown, b.shown))
          cut.push(`over each other: ${a.text} | ${b.text}`);
    });
    return { texts: [...new Set(texts.filter((text) => /\p{L}/u.test(text)))], cut: [...new Set(cut)] };
  });
