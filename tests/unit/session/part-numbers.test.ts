import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { PartNumbers } from '#domain/document/flat.ts';

it('numbers of parts nobody holds are forgotten, and no others', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const numbers = new PartNumbers();
  const held = { id: 'held' };
  const { id } = numbers.of(held);
  for (let i = 0; i < 1000; i++) numbers.of({ id: `dropped ${i}` });
  expect(numbers.size).toBe(1001);
  for (let i = 0; i < 20 && numbers.size > 1; i++) {
    collect();
    await new Promise((next) => setTimeout(next, 5));
  }
  expect(numbers.size).toBe(1);
  expect(numbers.alive(id)).toBe(held);
});
