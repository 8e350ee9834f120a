import type { DocumentDiff } from './diff.ts';

const NUMBER_BYTES = 8;
const OBJECT_BYTES = 64;

/** Estimated bytes a difference keeps alive. Parts shared by several values in it are counted once. */
export function diffBytes(diff: DocumentDiff): number {
  const seen = new Set<object>();
  let bytes = 0;
  const pending: unknown[] = [diff];
  for (let value = pending.pop(); pending.length > 0 || value !== undefined; value = pending.pop()) {
    if (typeof value === 'string') bytes += value.length * 2;
    else if (typeof value !== 'object' || value === null) bytes += NUMBER_BYTES;
    else if (!seen.has(value)) {
      seen.add(value);
      if (isNumbers(value)) bytes += value.length * NUMBER_BYTES;
      else {
        bytes += OBJECT_BYTES;
        pending.push(...Object.values(value).filter((part) => part !== undefined));
      }
    }
  }
  return bytes;
}

/** Runs of masks are by far the largest things: they are measured without being walked. */
function isNumbers(value: object): value is readonly number[] {
  return Array.isArray(value) && typeof value[0] === 'number';
}
