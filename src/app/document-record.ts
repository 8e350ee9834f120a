import * as v from 'valibot';
import type { FlatState } from '#domain/document/flat.ts';
import { flatStateSchema } from '#domain/document/state-schema.ts';
import type { StepName } from '#domain/document/history.ts';
import type { StoredHead } from './document-store.ts';

/** Layout of what is stored. A record of a later one is left alone. */
export const RECORD_VERSION = 1;

/** What changes with every step, and little else: the rest is named by number. */
export interface DocumentHead extends StoredHead {
  readonly version: typeof RECORD_VERSION;
  /** Name of the picture's file. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** Another document took its place: it is not opened by itself any more. */
  readonly left: boolean;
  readonly present: FlatState;
  readonly cursor: number;
  /** Ids, oldest first. */
  readonly steps: readonly number[];
  readonly snapshots: readonly { readonly id: number; readonly name: string }[];
  readonly nextId: number;
  readonly nextPart: number;
}

/** A step without its difference. */
export interface StoredStep {
  readonly id: number;
  readonly name: StepName;
  readonly subject: string;
  readonly bytes: number;
  readonly pixels: readonly string[];
  /** Numbers of all parts its difference names, masks included. */
  readonly parts: readonly number[];
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const headSchema: v.GenericSchema<unknown, DocumentHead> = v.object({
  id: v.string(),
  version: v.literal(RECORD_VERSION),
  name: v.string(),
  savedAt: v.number(),
  left: v.boolean(),
  present: flatStateSchema,
  cursor: count,
  steps: v.array(count),
  snapshots: v.array(v.object({ id: count, name: v.string() })),
  nextId: count,
  nextPart: count,
});

/** A step whose name this version has no word for is shown without one, not refused. */
export const stepSchema: v.GenericSchema<unknown, StoredStep> = v.object({
  id: count,
  name: v.custom<StepName>((name) => typeof name === 'string'),
  subject: v.string(),
  bytes: v.number(),
  pixels: v.array(v.string()),
  parts: v.array(count),
});

/** What can be said of any head, also of one that cannot be read. */
export interface HeadLine {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly savedAt: number;
  readonly left: boolean;
  /** Nothing was done in it: there is the picture and no more. */
  readonly untouched: boolean;
}

const lineSchema = v.object({
  id: v.string(),
  name: v.fallback(v.string(), ''),
  version: v.fallback(v.number(), 0),
  savedAt: v.fallback(v.number(), 0),
  left: v.fallback(v.boolean(), false),
});

const none = v.pipe(v.array(v.unknown()), v.length(0));
const untouchedSchema = v.object({
  present: v.object({ candidates: none, layers: none }),
  steps: none,
  snapshots: none,
});

/** Newest first. */
export function headLines(heads: readonly StoredHead[]): HeadLine[] {
  return heads
    .map((head) => ({ ...v.parse(lineSchema, head), untouched: v.is(untouchedSchema, head) }))
    .sort((a, b) => b.savedAt - a.savedAt);
}
