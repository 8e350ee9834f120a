import type { AdetailerUnit, PictureTexts } from './adetailer-text.ts';
import { cleanPrompt } from './detailer-prompt.ts';
import { MAX_SEQUENCE, MAX_TEXT } from './imported.ts';
import type { DetectionText } from './sequence.ts';

/** What a tab paints with: one text, or one for each detection. */
export interface TabWords {
  readonly texts: readonly DetectionText[];
  /** What was taken out of them, as it stood there. */
  readonly removed: readonly string[];
  /** Some piece means the picture's own prompt, and nobody knows it. */
  readonly missesPrompt: boolean;
}

/**
 * `[SEP]` between detections, `[SKIP]` for one that is left alone, `[PROMPT]` for the picture's own text of the same
 * kind. A blank text means the picture's own, the prompt's as well as the negative one's.
 */
export function tabWords(unit: AdetailerUnit, main: PictureTexts): TabWords {
  const removed: string[] = [];
  const prompts = piecesOf(unit.get('prompt') ?? '', main.prompt, removed);
  const negatives = piecesOf(unit.get('negative prompt') ?? '', main.negative, removed);
  const count = Math.max(prompts.length, negatives.length);
  const saysNegative = negatives.some((piece) => piece?.text);
  const texts = Array.from({ length: count }, (_, i): DetectionText => {
    const prompt = prompts[Math.min(i, prompts.length - 1)];
    const negative = negatives[Math.min(i, negatives.length - 1)];
    if (!prompt) return { skip: true };
    return {
      prompt: prompt.text,
      ...(saysNegative && negative ? { negative: negative.text } : {}),
      skip: false,
    };
  });
  const missesPrompt = main.prompt.trim() === '' && prompts.some((piece) => piece?.meansMain);
  return { texts, removed, missesPrompt };
}

interface Piece {
  readonly text: string;
  readonly meansMain: boolean;
}

/** Null for a detection that is left alone. */
function piecesOf(text: string, main: string, removed: string[]): (Piece | null)[] {
  const clean = (words: string): string => {
    const { text: kept, removed: out } = cleanPrompt(words);
    removed.push(...out);
    return kept;
  };
  let ownText: string | null = null;
  return text.split(/\[SEP\]/i, MAX_SEQUENCE).map((piece) => {
    if (/^\s*\[SKIP\]\s*$/i.test(piece)) return null;
    // However many pieces are blank, the picture's text is looked at once.
    if (piece.trim() === '') return { text: (ownText ??= clean(main)), meansMain: true };
    return { text: clean(withMain(piece, main)), meansMain: /\[PROMPT\]/i.test(piece) };
  });
}

/** Once: a text that asks for it over and over would grow without end. */
function withMain(piece: string, main: string): string {
  return piece.replace(/\[PROMPT\]/i, () => main.slice(0, MAX_TEXT)).replaceAll(/\[PROMPT\]/gi, '');
}
