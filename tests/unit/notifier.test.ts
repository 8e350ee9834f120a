import { beforeEach, expect, it, vi } from 'vitest';
import { toastNotifier } from '#ui/notifier.ts';

interface Shown {
  readonly id?: number;
  readonly action?: { readonly label: string; readonly onClick: () => void };
  readonly cancel?: { readonly label: string };
  readonly onAutoClose?: () => void;
}

const shown: [string, Shown][] = [];
const dismissed = vi.hoisted(() => vi.fn<(id: number) => void>());
vi.mock('svelte-sonner', () => {
  const toast = (message: string, options: Shown) => shown.push([message, options]);
  return { toast: Object.assign(toast, { dismiss: dismissed, error: toast }) };
});

let withdraw: () => void;
const offer = {
  label: 'Undo',
  run: vi.fn<() => void>(),
  until: (call: () => void) => void (withdraw = call),
};

beforeEach(() => {
  shown.length = 0;
  vi.clearAllMocks();
});

it('takes the buttons of a withdrawn offer away and leaves its message where it is', () => {
  toastNotifier.info('Removed.', offer, { label: 'Keep', run: () => undefined });
  expect(shown[0]?.[1].cancel?.label).toBe('Keep');
  withdraw();
  expect(shown).toHaveLength(2);
  const [message, { id, ...options }] = shown[1] as [string, Shown];
  // As one toast: what it had is overruled, not left out.
  expect([message, id]).toEqual(['Removed.', 1]);
  expect(options).toMatchObject({ action: undefined, cancel: undefined });
  expect(Object.keys(options)).toEqual(expect.arrayContaining(['action', 'cancel']));
  expect(dismissed).not.toHaveBeenCalled();
});

it.each([
  ['closed', () => shown[0]?.[1].onAutoClose?.()],
  ['taken', () => shown[0]?.[1].action?.onClick()],
])('says no more of an offer that was %s', (_, end) => {
  toastNotifier.info('Removed.', offer);
  end();
  withdraw();
  expect(shown).toHaveLength(1);
});
