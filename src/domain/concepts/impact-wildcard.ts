import { cleanPrompt } from './detailer-prompt.ts';
import { MAX_SEQUENCE, MAX_TEXT } from './imported.ts';
import type { DetectionText, Sequence } from './sequence.ts';
import type { DetectionOrder } from '../job/request.ts';

/** What the wildcard text of a detailer says. */
export interface WildcardText {
  /** Prompts by label, where the text begins with `[LAB]`; null otherwise. */
  readonly labels: ReadonlyMap<string, string> | null;
  /** For detections one after another, or the one text for all. */
  readonly sequence: Sequence;
  /** The order the texts count in; null where it does not say. */
  readonly order: DetectionOrder | null;
  /** `[CONCAT]`: adds to the detailer's own prompt instead of replacing it. */
  readonly adds: boolean;
  /** What could not be followed, as it stood there. */
  readonly removed: readonly string[];
}

/** How `[ASC]` and its kin order detections, and which end of the list the first text belongs to. */
const ORDERS: Readonly<Record<string, { readonly order: DetectionOrder; readonly from: Sequence['from'] }>> =
  {
    ASC: { order: 'left-to-right', from: 'start' },
    DSC: { order: 'left-to-right', from: 'end' },
    'ASC-SIZE': { order: 'area', from: 'end' },
    'DSC-SIZE': { order: 'area', from: 'start' },
  };

const HEAD = /^\s*\[(LAB|CONCAT|ASC-SIZE|DSC-SIZE|ASC|DSC|RND)\]/i;
const SEED = /\[SEED(?::[^\]]*)?\]/gi;
const LABEL = /\[([^\]\n]{1,100})\]/g;

/** Reads Impact Pack's wildcard syntax for detailers, by its documentation. */
export function parseWildcard(source: string): WildcardText {
  const { heads, body } = takeHeads(source.slice(0, MAX_TEXT));
  const removed: string[] = heads.includes('RND') ? ['[RND]'] : [];
  const clean = (text: string) => {
    const { text: left, removed: out } = cleanPrompt(
      text.replace(SEED, (seed) => {
        removed.push(seed);
        return '';
      }),
    );
    removed.push(...out);
    return left;
  };
  const order = ORDERS[heads.find((head) => head in ORDERS) ?? ''];
  const labels = heads.includes('LAB') ? labelled(body, clean) : null;
  const texts = labels ? [] : textsOf(body, clean);
  return {
    labels,
    sequence: { from: order?.from ?? 'start', texts },
    order: order?.order ?? null,
    adds: heads.includes('CONCAT'),
    removed,
  };
}

/** The words in brackets a text begins with. */
function takeHeads(source: string): { readonly heads: readonly string[]; readonly body: string } {
  const heads: string[] = [];
  let body = source;
  for (let head = HEAD.exec(body); head && heads.length < 10; head = HEAD.exec(body)) {
    heads.push((head[1] ?? '').toUpperCase());
    body = body.slice(head[0].length);
  }
  return { heads, body };
}

/** `[ALL] sharp [face] smile [hand] five fingers`: what is said of all comes before what is said of one. */
function labelled(body: string, clean: (text: string) => string): ReadonlyMap<string, string> {
  const marks = [...body.matchAll(LABEL)];
  const texts = marks.map((mark, i) => {
    const text = clean(body.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? body.length));
    return [(mark[1] ?? '').trim().toLowerCase(), text] as const;
  });
  const all = texts.filter(([label]) => label === 'all').map(([, text]) => text);
  return new Map(
    texts
      .filter(([label]) => label !== 'all')
      .map(([label, text]) => [label, [...all, text].filter(Boolean).join(', ')]),
  );
}

/** `[SEP]` between detections; `[SKIP]` leaves one alone, `[STOP]` this and all that follow. */
function textsOf(body: string, clean: (text: string) => string): readonly DetectionText[] {
  const texts: DetectionText[] = [];
  for (const piece of body.split(/\[SEP\]/i, MAX_SEQUENCE)) {
    if (/^\s*\[STOP\]/i.test(piece)) return [...texts, { skip: true }];
    if (/^\s*\[SKIP\]/i.test(piece)) texts.push({ skip: true });
    else texts.push(textOf(clean(piece)));
  }
  return texts;
}

function textOf(prompt: string): DetectionText {
  return prompt === '' ? { skip: false } : { prompt, skip: false };
}
