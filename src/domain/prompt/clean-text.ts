import { htmlUnescape } from './clip-merges.ts';

/**
 * How a prompt is cleaned before byte-pair encoding. The field's tokenizers disagree outside plain ASCII:
 * - `fast`: Hugging Face CLIPTokenizerFast: NFC, whitespace runs to one space, lower case. The studio's default.
 * - `openai`: openai/CLIP and open_clip without ftfy: HTML references decoded twice, no NFC.
 * - `hf-slow`: CLIPTokenizer without ftfy: control and format characters dropped, CJK ideographs isolated.
 * - `sam3`: SAM 3's own: the parts of ftfy that touch well-formed text (straight quotes, ligatures, full-width
 *   forms, NFC), then as `openai`. There `<|startoftext|>` is plain text (spec/sam3.md 3.2).
 */
export type TextCleaning = 'fast' | 'openai' | 'hf-slow' | 'sam3';

/** Unicode White_Space, which JavaScript's \s is not (it lacks U+0085 and has U+FEFF). */
export const WHITE_SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const WHITE_SPACE_RUN = new RegExp(`[${WHITE_SPACE}]+`, 'gu');
const CONTROL_OR_FORMAT = /(?![\t\n\r])[\p{C}\ufffd]/gu;
const CJK_IDEOGRAPH =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
const LIGATURE_OR_WIDE = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb06\u3000\uff01-\uffef]/gu;

const CLEANERS: Readonly<Record<TextCleaning, (text: string) => string>> = {
  fast: (text) => text.normalize('NFC'),
  openai: (text) => htmlUnescape(htmlUnescape(text)),
  'hf-slow': (text) => text.replace(CONTROL_OR_FORMAT, '').replace(CJK_IDEOGRAPH, ' $& ').normalize('NFC'),
  sam3: (text) => htmlUnescape(htmlUnescape(fixText(text))),
};

/** The cleaned prompt: single spaces, trimmed, lower case. */
export function cleanText(text: string, cleaning: TextCleaning): string {
  return CLEANERS[cleaning](text).replace(WHITE_SPACE_RUN, ' ').trim().toLowerCase();
}

/** What ftfy.fix_text does to text that was decoded correctly; repairing wrongly decoded text is out of scope. */
function fixText(text: string): string {
  return text
    .replace(/[\u02bc\u2018-\u201b]/gu, "'")
    .replace(/[\u201c-\u201f]/gu, '"')
    .replace(LIGATURE_OR_WIDE, (character) => character.normalize('NFKC'))
    .normalize('NFC');
}
