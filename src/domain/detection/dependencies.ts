/** What needs what, by id. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** Whether `id` needs itself by way of `needed`: then no order of the two is right. */
export function isCircular(needs: Needs, id: string, needed: string): boolean {
  const seen = new Set<string>();
  const pending = [needed];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at === id) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    pending.push(...(needs.get(at) ?? []));
  }
  return false;
}

/** Every id after those it needs; within that in the given order. Circular and unknown needs do not count. */
export function neededFirst(needs: Needs): string[] {
  const order = new Set<string>();
  const place = (id: string): void => {
    if (order.has(id)) return;
    for (const needed of needs.get(id) ?? [])
      if (needs.has(needed) && !isCircular(needs, id, needed)) place(needed);
    order.add(id);
  };
  for (const id of needs.keys()) place(id);
  return [...order];
}
