import type { Change, DocumentDiff } from './diff.ts';

/** Whether two plain values say the same, whatever the order of their fields. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || !isRecord(a) || !isRecord(b)) return Object.is(a, b);
  const keys = Object.keys(a);
  const sameField = (key: string) => Object.hasOwn(b, key) && sameValue(a[key], b[key]);
  return keys.length === Object.keys(b).length && keys.every(sameField);
}

/** Whether a difference ends where it began, as when a slider is dragged away and back again. */
export function cancelsOut({ concepts, candidates, layers, parameters, presence }: DocumentDiff): boolean {
  const lists = [concepts, candidates, layers].flatMap((list) =>
    list ? [...Object.values(list.items), list.order ?? NO_CHANGE] : [],
  );
  const changes = [...lists, ...Object.values(parameters ?? {}), presence ?? NO_CHANGE];
  return changes.every(([before, after]) => sameValue(before, after));
}

const NO_CHANGE: Change = [undefined, undefined];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
