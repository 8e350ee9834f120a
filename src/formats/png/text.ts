import { KEYWORDS } from '#domain/settings/keywords.ts';
import { latin1, type PngChunk } from './chunks.ts';
import { deflate, inflate } from './zlib.ts';

/** Inflated metadata is capped per chunk: a few kilobytes of zlib can claim gigabytes. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024;
/** Our own recipe carries every mask, so it may be longer than anybody's prompt. */
const MAX_RECIPE_BYTES = 64 * 1024 * 1024;

/** `tEXt` when the text is Latin-1, else `iTXt` in UTF-8 (PNG specification §11.3.3). */
export function textChunk(keyword: string, text: string): PngChunk {
  // eslint-disable-next-line no-control-regex -- the test is exactly "every code point fits in Latin-1"
  const isLatin1 = /^[\u0000-\u00ff]*$/.test(text);
  return isLatin1
    ? { type: 'tEXt', data: encodeLatin1(`${keyword}\0${text}`) }
    : internationalTextChunk(keyword, text);
}

/** `iTXt` in UTF-8 without language or translated keyword, uncompressed. */
function internationalTextChunk(keyword: string, text: string): PngChunk {
  return iTXt(keyword, 0, new TextEncoder().encode(text));
}

/** The same, deflated: for long machine-readable text. */
export async function compressedTextChunk(keyword: string, text: string): Promise<PngChunk> {
  return iTXt(keyword, 1, await deflate([new TextEncoder().encode(text)]));
}

function iTXt(keyword: string, compressed: 0 | 1, body: Uint8Array): PngChunk {
  const head = encodeLatin1(`${keyword}\0${String.fromCharCode(compressed)}\0\0\0`);
  const data = new Uint8Array(head.length + body.length);
  data.set(head);
  data.set(body, head.length);
  return { type: 'iTXt', data };
}

function encodeLatin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** All readable text chunks by keyword (`tEXt`, `zTXt`, `iTXt`); broken or oversized ones are left out. */
export async function readTexts(chunks: readonly PngChunk[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const chunk of chunks) {
    const entry = await readText(chunk).catch(() => null);
    if (entry && !texts.has(entry.keyword)) texts.set(entry.keyword, entry.text);
  }
  return texts;
}

async function readText({ type, data }: PngChunk): Promise<{ keyword: string; text: string } | null> {
  if (!['tEXt', 'zTXt', 'iTXt'].includes(type)) return null;
  const end = data.indexOf(0);
  if (end < 1 || end > 79) return null;
  const keyword = latin1(data.subarray(0, end));
  const body = data.subarray(end + 1);
  if (type === 'tEXt') return body.length > MAX_TEXT_BYTES ? null : { keyword, text: latin1(body) };
  if (type === 'zTXt') return { keyword, text: latin1(await inflate(body.slice(1), MAX_TEXT_BYTES)) };
  const limit = keyword === KEYWORDS.recipe ? MAX_RECIPE_BYTES : MAX_TEXT_BYTES;
  return { keyword, text: await internationalText(body, limit) };
}

async function internationalText(body: Uint8Array<ArrayBuffer>, limit: number): Promise<string> {
  const compressed = body[0] === 1;
  const languageEnd = body.indexOf(0, 2);
  const translatedEnd = languageEnd < 0 ? -1 : body.indexOf(0, languageEnd + 1);
  if (translatedEnd < 0) throw new RangeError('unterminated iTXt header');
  const raw = body.slice(translatedEnd + 1);
  if (!compressed && raw.length > limit) throw new RangeError('oversized iTXt');
  return new TextDecoder().decode(compressed ? await inflate(raw, limit) : raw);
}
