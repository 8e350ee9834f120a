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

/** What of a selection can be opened: the other roles are empty, the other LoRAs left out. */
export function narrowed(selection: ModelSelection, can: (id: string) => boolean): ModelSelection {
  const roles = Object.entries(selection.roles).map(([role, each]) => [
    role,
    each !== null && can(each) ? each : null,
  ]);
  return {
    ...selection,
    roles: Object.fromEntries(roles) as ModelSelection['roles'],
    loras: selection.loras.filter((lora) => can(lora.id)),
  };
}

/** What of a selection the next visit can find again: not the files chosen one by one. `detector` fills in for SAM 3. */
export function lasting(selection: ModelSelection, detector: string): ModelSelection {
  const kept = narrowed(selection, (each) => !each.startsWith('file:'));
  if (selection.roles.sam3 === kept.roles.sam3) return kept;
  return { ...kept, roles: { ...kept.roles, sam3: detector } };
}

export function sameSelection(a: ModelSelection, b: ModelSelection): boolean {
  return (
    JSON.stringify([loadable(a), a.loras, a.prediction]) ===
    JSON.stringify([loadable(b), b.loras, b.prediction])
  );
}
