import type { PresetFamily } from '#worker/api.ts';
import { PRESET_IDS } from '#domain/concepts/presets.ts';
import { layerName } from './layer-commands.ts';
import { capText, keymap } from './keymap.svelte.ts';
import { chooseLocale, currentLocale, LOCALES, messages, type Locale } from './messages.ts';
import type { ModelsTab } from './models-state.svelte.ts';
import { NAVIGATION, type NavigationName } from './navigation.ts';
import { whyNot } from './possible.ts';
import { MOTIONS, preferences, THEMES } from './preferences.svelte.ts';
import { sampleText } from './samples.ts';
import { SHORTCUTS, type Shortcut } from './shortcuts.ts';
import type { Commands } from './commands.ts';
import type { Studio } from './studio.ts';

/** Something the palette can find and do. */
export interface PaletteEntry {
  readonly id: string;
  readonly title: string;
  /** What kind of thing it is; searched too. */
  readonly kind: string;
  readonly caps: readonly string[];
  /** Why it cannot be done now. */
  readonly whyNot: string | null;
  readonly run: () => void;
}

/** On every width: what is in use is beside them, or a tab of its own. */
const MODELS_TABS = ['library', 'get', 'memory'] as const satisfies readonly ModelsTab[];

/** More would only be scrolled past. */
const SHOWN = 40;

/** Everything there is to find, in the present language: what can be done first, then what the document has. */
export function paletteEntries(studio: Studio, commands: Commands): PaletteEntry[] {
  return [
    ...commandEntries(studio, commands),
    ...settingEntries(studio),
    ...documentEntries(studio),
    ...conceptPresetEntries(studio),
    ...presetEntries(studio),
    ...sampleEntries(studio),
  ];
}

function commandEntries(studio: Studio, commands: Commands): PaletteEntry[] {
  const texts = messages.shortcuts;
  // What a key holds, a switch or a mode of the same name does too.
  const offered = SHORTCUTS.filter(
    ({ command, kind }) => kind !== 'gesture' && kind !== 'hold' && command !== 'palette',
  );
  return offered.map(({ command, group }) => ({
    id: `command ${command}`,
    title: texts.commands[command],
    kind: texts.groups[group],
    caps: keymap.keysOf(command).some((key) => keymap.isSilent(key))
      ? []
      : keymap.capsOf(command).map(capText),
    whyNot: whyNot(studio, command),
    run: commands[command],
  }));
}

/** What can always be done and has no key. */
const found = { caps: [], whyNot: null };

/** One entry for each choice of a setting of the studio. */
function settingEntries({ view, models }: Studio): PaletteEntry[] {
  const { settings, inspector, shortcuts, models: modelTexts } = messages;
  const choice = (name: string, value: string, label: string, run: () => void): PaletteEntry => ({
    ...found,
    id: `setting ${name} ${value}`,
    title: shortcuts.palette.setting(name, label),
    kind: shortcuts.groups.settings,
    run,
  });
  return [
    ...THEMES.map((theme) =>
      choice(settings.theme.label, theme, settings.themes[theme], () => (preferences.theme = theme)),
    ),
    ...(Object.keys(LOCALES) as Locale[]).map((locale) =>
      choice(inspector.language.label, locale, LOCALES[locale], () => chooseLocale(locale)),
    ),
    ...MOTIONS.map((motion) =>
      choice(settings.motion.label, motion, settings.motions[motion], () => (preferences.motion = motion)),
    ),
    ...(Object.keys(NAVIGATION) as NavigationName[]).map((name) =>
      choice(settings.navigation.label, name, settings.navigations[name], () => (view.navigation = name)),
    ),
    ...MODELS_TABS.map((tab) =>
      choice(modelTexts.title, tab, modelTexts.tabs[tab], () => {
        models.view.tab = tab;
        view.dialog = 'models';
      }),
    ),
  ];
}

function documentEntries(studio: Studio): PaletteEntry[] {
  const { document } = studio;
  const texts = messages.shortcuts.palette;
  const concepts = document.concepts.filter(({ phrase }) => phrase.trim() !== '');
  const back = studio.wayBack;
  return [
    ...(back
      ? [
          {
            ...found,
            id: 'way back',
            title: messages.app.goBackTo(back.name),
            kind: messages.shortcuts.groups.file,
            run: back.go,
          },
        ]
      : []),
    ...concepts.map(({ id, phrase }) => ({
      ...found,
      id: `concept ${id}`,
      title: phrase,
      kind: texts.concept,
      run: () => document.select({ kind: 'concept', id }),
    })),
    ...document.detections.map((detection) => ({
      ...found,
      id: `detection ${detection.id}`,
      title: messages.detection.name(
        document.numberOf(detection.id),
        document.conceptOf(detection)?.phrase ?? '',
      ),
      kind: texts.detection,
      run: () => {
        document.select({ kind: 'detection', id: detection.id });
        studio.revealDetection(detection.id);
      },
    })),
    ...document.history.snapshots.map(({ id, name }) => ({
      ...found,
      id: `snapshot ${id}`,
      title: messages.history.restore(name),
      kind: texts.snapshot,
      run: () => document.history.restoreSnapshot(id),
    })),
    ...document.layers.map((layer) => ({
      ...found,
      id: `layer ${layer.id}`,
      title: layerName(layer),
      kind: texts.layer,
      run: () => {
        document.select({ kind: 'layer', id: layer.id });
        studio.revealLayer(layer);
      },
    })),
  ];
}

function presetEntries({ models }: Studio): PaletteEntry[] {
  const { families } = messages.models.preset;
  return (Object.keys(families) as PresetFamily[]).map((family) => ({
    ...found,
    id: `preset ${family}`,
    title: families[family],
    kind: messages.shortcuts.palette.preset,
    run: () => models.applyPreset(family),
  }));
}

/** The studio's sets of concepts and the user's own. */
function conceptPresetEntries({ detections: { presets }, document }: Studio): PaletteEntry[] {
  const texts = messages.conceptPresets;
  const why = document.image ? null : messages.shortcuts.needs.picture;
  const entry = (name: string, run: () => void): PaletteEntry => ({
    id: `concepts ${name}`,
    title: texts.addSet(name),
    kind: messages.shortcuts.palette.conceptPreset,
    caps: [],
    whyNot: why,
    run,
  });
  return [
    ...PRESET_IDS.map((id) => entry(texts.sets[id], () => presets.addBuiltIn(id))),
    ...presets.own.map((preset) => entry(preset.name, () => presets.add(preset))),
  ];
}

function sampleEntries(studio: Studio): PaletteEntry[] {
  return studio.samples.map((sample) => ({
    ...found,
    id: `sample ${sample.fileName}`,
    title: sampleText(sample, currentLocale()).title,
    kind: messages.shortcuts.palette.sample,
    run: () => void studio.openSample(sample),
  }));
}

/** Lower case without accents, as one types in a hurry. */
const plain = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').toLowerCase();

/** 3: begins with the query; 2: each word begins a word; 1: each word is somewhere in it; 0: not found. */
function score(words: string, query: string): number {
  const text = plain(words);
  if (text.startsWith(query)) return 3;
  const wanted = query.split(/\s+/).filter(Boolean);
  if (!wanted.every((word) => text.includes(word))) return 0;
  const own = text.split(/[^\p{L}\p{N}]+/u);
  return wanted.every((word) => own.some((begun) => begun.startsWith(word))) ? 2 : 1;
}

/** What has the words of the query, best first and what cannot be done last; `more` were found but left out. */
export function findEntries(
  entries: readonly PaletteEntry[],
  query: string,
): { readonly shown: readonly PaletteEntry[]; readonly more: number } {
  const wanted = plain(query.trim());
  const ranked = entries
    .map((entry) => ({ entry, found: score(`${entry.title} ${entry.kind}`, wanted) }))
    .filter(({ found }) => found > 0)
    .map(({ entry, found }) => ({ entry, rank: entry.whyNot === null ? found : found - 4 }))
    .sort((a, b) => b.rank - a.rank)
    .map(({ entry }) => entry);
  return { shown: ranked.slice(0, SHOWN), more: Math.max(0, ranked.length - SHOWN) };
}

/** Lines of the sheet that have the words of the query in title, group or keys. */
export function findShortcuts(query: string): readonly Shortcut[] {
  const { commands, groups } = messages.shortcuts;
  const wanted = plain(query.trim());
  const wordsOf = ({ command, group }: Shortcut) =>
    [commands[command], groups[group], ...keymap.capsOf(command).map(capText)].join(' ');
  return SHORTCUTS.filter((shortcut) => score(wordsOf(shortcut), wanted) > 0);
}
