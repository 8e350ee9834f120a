import * as v from 'valibot';
import type { DocumentDiff } from '#domain/document/diff.ts';
import {
  FLAT_LISTS,
  maskPartsIn,
  unflattenDiff,
  withMasks,
  type FlatDiff,
  type PartNumbers,
} from '#domain/document/flat.ts';
import {
  checkMask,
  checkPart,
  flatDiffSchema,
  flatStateSchema,
  type PartKind,
  type PartTypes,
} from '#domain/document/state-schema.ts';
import type { DocumentState } from '#domain/document/state.ts';
import type { MaskRle } from '#domain/job/request.ts';
import type { DocumentStore } from './document-store.ts';

/** A stored document, or a part of it, is not what was written. */
export class BrokenRecord extends Error {
  override readonly name = 'BrokenRecord';
}

/** Puts states and differences together again from their stored parts; what was shared is shared again. */
export class PartReader {
  readonly #store: DocumentStore;
  readonly #id: string;
  readonly #numbers: PartNumbers;
  readonly #masks = new Map<number, MaskRle>();
  /** By kind and number. */
  readonly #parts = new Map<string, object>();

  constructor(store: DocumentStore, id: string, numbers: PartNumbers) {
    this.#store = store;
    this.#id = id;
    this.#numbers = numbers;
  }

  /** @throws BrokenRecord */
  async state(stored: unknown): Promise<DocumentState> {
    const flat = checked(flatStateSchema, stored, 'a state');
    for (const list of FLAT_LISTS) await this.#load(list, flat[list]);
    await this.#load('parameters', [flat.parameters]);
    await this.#load('presence', [flat.presence]);
    const all = <K extends (typeof FLAT_LISTS)[number]>(kind: K) =>
      flat[kind].map((id) => this.#part(kind, id));
    return {
      concepts: all('concepts'),
      candidates: all('candidates'),
      layers: all('layers'),
      parameters: this.#part('parameters', flat.parameters),
      presence: this.#part('presence', flat.presence),
    };
  }

  /** @throws BrokenRecord */
  async diff(stored: unknown): Promise<DocumentDiff> {
    const flat: FlatDiff = checked(flatDiffSchema, stored, 'a step');
    for (const list of FLAT_LISTS) {
      const sides = Object.values(flat[list]?.items ?? {}).flat();
      await this.#load(
        list,
        sides.filter((id) => id !== null),
      );
    }
    return unflattenDiff(flat, (list, id) => this.#part(list, id));
  }

  /** @throws BrokenRecord */
  async #load(kind: PartKind, ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const alive = this.#numbers.alive(id);
      if (alive) this.#parts.set(`${kind} ${id}`, alive);
    }
    const wanted = [...new Set(ids)].filter((id) => !this.#parts.has(`${kind} ${id}`));
    const stored = await this.#store.read(this.#id, 'part', wanted);
    await this.#loadMasks(stored.flatMap(maskPartsIn));
    for (const [i, id] of wanted.entries()) {
      const value = stored[i] === undefined ? undefined : withMasks(stored[i], (mask) => this.#mask(mask));
      const part = checkPart(kind, value);
      if (!part) throw new BrokenRecord(`part ${id} (${kind})`);
      this.#numbers.learn(part, id);
      this.#parts.set(`${kind} ${id}`, part);
    }
  }

  async #loadMasks(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const alive = this.#numbers.alive(id);
      if (alive) this.#masks.set(id, alive as MaskRle);
    }
    const wanted = [...new Set(ids)].filter((id) => !this.#masks.has(id));
    const stored = await this.#store.read(this.#id, 'part', wanted);
    for (const [i, id] of wanted.entries()) {
      const mask = checkMask(stored[i]);
      if (!mask) throw new BrokenRecord(`part ${id} (mask)`);
      this.#numbers.learn(mask, id);
      this.#masks.set(id, mask);
    }
  }

  #part<K extends PartKind>(kind: K, id: number): PartTypes[K] {
    return this.#parts.get(`${kind} ${id}`) as PartTypes[K];
  }

  #mask(id: number): MaskRle {
    return this.#masks.get(id) as MaskRle;
  }
}

/** @throws BrokenRecord naming `what`. */
export function checked<T>(schema: v.GenericSchema<unknown, T>, value: unknown, what: string): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw new BrokenRecord(`${what}: ${v.getDotPath(result.issues[0]) ?? result.issues[0].message}`);
}
