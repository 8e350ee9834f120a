import type { PromptSyntax } from '../job/request.ts';
import { BOS, encodeBpe, EOS } from './bpe.ts';
import { BREAK, parseA1111, type A1111Item } from './parse-a1111.ts';
import { parseComfy, type WeightedText } from './parse-comfy.ts';

/** Positions of a text encoder. */
export const CHUNK_LENGTH = 77;
/** What each encoder pads with after EOS (spec/sdxl.md C.4). */
export const PAD_L = EOS;
export const PAD_G = 0;

/** One encoder input: BOS, tokens, EOS, padding; 77 ids and as many weights. */
export interface PromptChunk {
  /** Padded for CLIP-L; see {@link withPadding} for bigG. */
  readonly ids: readonly number[];
  readonly weights: readonly number[];
}

interface Token {
  readonly id: number;
  readonly weight: number;
}

/** Tokens per chunk without BOS and EOS. */
const CAPACITY = CHUNK_LENGTH - 2;
/** Segments of this many tokens or more may be cut at a chunk's end; shorter ones move on whole. */
const SPLITTABLE = 8;
/** How far back from a full chunk's end a comma may be for the tail after it to move on. */
const COMMA_REACH = 20;
/** The word ",": its byte symbol with end-of-word mark. */
const COMMA = 256 + ','.charCodeAt(0) - '!'.charCodeAt(0);

/** Weights and chunks of a prompt, ComfyUI's way (spec/sdxl.md C.5) or A1111's (C.6). At least one chunk. */
export function tokenizePrompt(text: string, syntax: PromptSyntax): PromptChunk[] {
  const chunks = syntax === 'comfy' ? packComfy(parseComfy(text)) : packA1111(parseA1111(text));
  return chunks.map(finishChunk);
}

/** The ids with another padding after the first EOS: bigG wants {@link PAD_G}. */
export function withPadding(ids: readonly number[], pad: number): number[] {
  const end = ids.indexOf(EOS);
  return ids.map((id, i) => (end >= 0 && i > end ? pad : id));
}

function finishChunk(tokens: readonly Token[]): PromptChunk {
  const padding = CHUNK_LENGTH - tokens.length - 2;
  const fill = (length: number, value: number) => new Array<number>(length).fill(value);
  return {
    ids: [BOS, ...tokens.map(({ id }) => id), EOS, ...fill(padding, PAD_L)],
    weights: [1, ...tokens.map(({ weight }) => weight), 1, ...fill(padding, 1)],
  };
}

function tokensOf({ text, weight }: WeightedText): Token[] {
  return encodeBpe(text).map((id) => ({ id, weight }));
}

function packComfy(items: readonly WeightedText[]): Token[][] {
  let chunk: Token[] = [];
  const chunks = [chunk];
  const open = () => chunks.push((chunk = []));
  for (let rest of items.map(tokensOf)) {
    if (rest.length < SPLITTABLE && chunk.length + rest.length > CAPACITY) open();
    while (chunk.length + rest.length > CAPACITY) {
      const room = CAPACITY - chunk.length;
      chunk.push(...rest.slice(0, room));
      rest = rest.slice(room);
      open();
    }
    chunk.push(...rest);
  }
  return chunks;
}

function packA1111(items: readonly A1111Item[]): Token[][] {
  let chunk: Token[] = [];
  const chunks = [chunk];
  const open = (moved: Token[] = []) => chunks.push((chunk = moved));
  for (const item of items)
    if (item === BREAK) open();
    else
      for (const token of tokensOf(item)) {
        if (chunk.length === CAPACITY) open(token.id === COMMA ? [] : cutAfterComma(chunk));
        chunk.push(token);
      }
  const last = chunks.at(-1);
  return chunks.length > 1 && last?.length === 0 ? chunks.slice(0, -1) : chunks;
}

/** Takes the tail after the last comma within reach out of a full chunk. */
function cutAfterComma(chunk: Token[]): Token[] {
  const comma = chunk.findLastIndex(({ id }) => id === COMMA);
  return comma >= CAPACITY - COMMA_REACH ? chunk.splice(comma + 1) : [];
}
