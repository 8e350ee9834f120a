import * as v from 'valibot';
import type { ModelSelection } from './api.ts';

const id = v.nullable(v.string());

const selectionSchema = v.object({
  roles: v.object({
    checkpoint: id,
    'text-l': id,
    'text-g': id,
    autoencoder: id,
    vision: id,
    'ip-adapter': id,
    sam3: id,
  }),
  loras: v.array(v.object({ id: v.string(), strength: v.pipe(v.number(), v.finite()) })),
  prediction: v.picklist(['auto', 'eps', 'v']),
});

/** A stored selection. @throws ValiError when it is not one. */
export function checkedSelection(value: unknown): ModelSelection {
  return v.parse(selectionSchema, value);
}

/** How long networks are kept; null: for ever. @throws ValiError */
export function checkedMinutes(value: unknown): { readonly minutes: number | null } {
  return v.parse(v.object({ minutes: v.nullable(v.pipe(v.number(), v.minValue(0))) }), value);
}

/** Bytes, or null for our guess. @throws ValiError */
export function checkedBudget(value: unknown): number | null {
  return v.parse(v.nullable(v.pipe(v.number(), v.minValue(2 ** 30))), value);
}

/** Every entry a selection names. */
export function loadable({ roles, loras }: ModelSelection): readonly string[] {
  const singles = Object.values(roles).filter((each): each is string => each !== null);
  return [...singles, ...loras.map((lora) => lora.id)];
}
