import { createStore, get, promisifyRequest } from 'idb-keyval';
import * as v from 'valibot';
import type { ConceptSpec } from '#domain/job/request.ts';
import { refineRequestSchema } from '#domain/job/schema.ts';
import type { StudioParameters } from './defaults.ts';
import { LIKENESS_LIMIT } from './likeness.ts';
import { isLocale, type Locale } from './messages.ts';
import { readOverrides, type KeyOverrides } from './keymap.svelte.ts';
import { isNavigationName, type NavigationName } from './navigation.ts';
import { MOTIONS, THEMES, type MotionName, type ThemeName } from './preferences.svelte.ts';

/** What the studio remembers between visits. Unreadable or foreign records are refused whole. */
export interface Settings {
  readonly version: 1;
  /** Null while they are the defaults, so that better defaults reach whoever never changed one. */
  readonly parameters: StudioParameters | null;
  readonly concepts: readonly ConceptSpec[];
  readonly panels: { readonly left: boolean; readonly right: boolean; readonly explain: boolean };
  /** Null while the language is the browser's. */
  readonly locale: Locale | null;
  /** Whose habits the wheel follows. */
  readonly navigation: NavigationName;
  readonly look: { readonly theme: ThemeName; readonly motion: MotionName };
  /** What was changed in the table of keys, and whether single keys do something. */
  readonly keys: { readonly single: boolean; readonly overrides: KeyOverrides };
  /** Concepts are looked for as they are typed. */
  readonly lookWhileTyping: boolean;
  /** Likeness below which painted layers are warned about. */
  readonly likenessLimit: number;
}

const KEY = 'luna-settings';
const store = createStore('keyval-store', 'keyval');

const settingsSchema = v.object({
  version: v.literal(1),
  parameters: v.nullable(v.omit(refineRequestSchema, ['version', 'concepts', 'detections'])),
  concepts: refineRequestSchema.entries.concepts,
  panels: v.object({ left: v.boolean(), right: v.boolean(), explain: v.boolean() }),
  // A record of before there were languages, or of a version with others, stays readable.
  locale: v.fallback(
    v.nullable(v.custom<Locale>((name) => typeof name === 'string' && isLocale(name))),
    null,
  ),
  navigation: v.fallback(v.custom<NavigationName>(isNavigationName), 'studio'),
  look: v.fallback(v.object({ theme: v.picklist(THEMES), motion: v.picklist(MOTIONS) }), {
    theme: 'dark',
    motion: 'system',
  }),
  keys: v.fallback(
    v.object({ single: v.boolean(), overrides: v.pipe(v.unknown(), v.transform(readOverrides)) }),
    { single: true, overrides: {} },
  ),
  lookWhileTyping: v.fallback(v.boolean(), true),
  likenessLimit: v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), LIKENESS_LIMIT),
});

/** The remembered settings, or null when there are none that this version can read. */
export async function loadSettings(): Promise<Settings | null> {
  const stored: unknown = await get(KEY, store).catch(() => undefined);
  const parsed = v.safeParse(settingsSchema, stored);
  return parsed.success ? parsed.output : null;
}

/**
 * Remembers the settings; storage may be full or forbidden, and then nothing is remembered. Committed at once, so that
 * they also arrive from a page that ends.
 */
export async function saveSettings(settings: Settings): Promise<void> {
  const saved = store('readwrite', (records) => {
    records.put(settings, KEY);
    records.transaction.commit();
    return promisifyRequest(records.transaction);
  });
  await saved.catch(() => undefined);
}
