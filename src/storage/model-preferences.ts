import type { RecordStore } from './record-store.ts';

/** What the studio remembers about models besides the files themselves. */
export type ModelPreference = 'selection' | 'keepMinutes' | 'memoryBudget' | 'learntLimits';

/** Small values, one record each. A broken one counts as never set: the studio starts with its defaults. */
export class ModelPreferences {
  readonly #records: RecordStore;

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** `validate` answers the value when it is sound, and throws otherwise. */
  async get<T>(key: ModelPreference, validate: (value: unknown) => T): Promise<T | null> {
    try {
      const record = (await this.#records.get(key)) as { value?: unknown } | null | undefined;
      return record === undefined || record === null ? null : validate(record.value);
    } catch (error) {
      console.warn(`The stored preference "${key}" is unusable and was ignored.`, error);
      return null;
    }
  }

  /** Never rejects: a preference that cannot be kept must not stop the work. Answers whether it was kept. */
  async set(key: ModelPreference, value: unknown): Promise<boolean> {
    try {
      await this.#records.put({ id: key, value } as { readonly id: string });
      return true;
    } catch (error) {
      console.warn(`The preference "${key}" could not be stored.`, error);
      return false;
    }
  }
}
