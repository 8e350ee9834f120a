import { beforeEach, describe, expect, it, vi } from 'vitest';
import { loadSettings, saveSettings, type Settings } from '#app/settings.ts';

const stored = new Map<string, unknown>();
const commit = vi.fn<() => void>();
vi.mock('idb-keyval', () => ({
  createStore: () => (_mode: string, use: (records: unknown) => unknown) =>
    Promise.resolve(
      use({
        put: (value: unknown, key: string) => stored.set(key, structuredClone(value)),
        transaction: { commit },
      }),
    ),
  get: (key: string) => Promise.resolve(structuredClone(stored.get(key))),
  promisifyRequest: () => Promise.resolve(),
}));

const OLDER = {
  version: 1,
  parameters: null,
  concepts: [],
  panels: { left: true, right: false, explain: true },
} as unknown as Settings;
const SETTINGS: Settings = { ...OLDER, locale: 'de' };

beforeEach(() => stored.clear());

describe('the remembered language', () => {
  it('comes back with the other settings', async () => {
    await saveSettings(SETTINGS);
    expect(await loadSettings()).toMatchObject(SETTINGS);
  });

  it('is none in settings of before there were languages, and in those of a version with others', async () => {
    await saveSettings(OLDER);
    expect(await loadSettings()).toMatchObject({ ...OLDER, locale: null });
    await saveSettings({ ...OLDER, locale: 'fr' as 'de' });
    expect(await loadSettings()).toMatchObject({ ...OLDER, locale: null });
  });

  it('does not make other broken settings readable', async () => {
    await saveSettings({ ...SETTINGS, panels: {} as Settings['panels'] });
    expect(await loadSettings()).toBeNull();
    stored.clear();
    expect(await loadSettings()).toBeNull();
  });
});

it('settings are committed at once: a page that ends waits for nothing', async () => {
  commit.mockClear();
  await saveSettings(SETTINGS);
  expect(commit).toHaveBeenCalledOnce();
});
