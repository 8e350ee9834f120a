import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCommands } from '#app/commands.ts';
import { chooseLocale, currentLocale, messages } from '#app/messages.ts';
import { findEntries, paletteEntries } from '#app/palette.ts';
import { preferences } from '#app/preferences.svelte.ts';
import { SHORTCUTS } from '#app/shortcuts.ts';
import { PRESET_IDS } from '#domain/concepts/presets.ts';
import { plain, studio, use, withStudio } from './hand-studio.ts';

withStudio();
afterEach(() => {
  chooseLocale(null);
  preferences.theme = 'dark';
});

const page = { chooseFile: vi.fn(), chooseMask: vi.fn(), paste: vi.fn(), typeConcept: vi.fn() };
const entries = () => paletteEntries(studio, createCommands(studio, page));
const best = (query: string) => findEntries(entries(), query).shown[0];

function rectangle(): void {
  studio.view.setTool('rectangle');
  use(
    [
      [10, 10],
      [30, 30],
    ],
    plain,
  );
}

describe('the palette', () => {
  it('has every command that is neither a gesture nor held, with its keys', () => {
    const ids = new Set(entries().map(({ id }) => id));
    const missing = SHORTCUTS.filter(({ kind }) => kind !== 'gesture' && kind !== 'hold')
      .map(({ command }) => command)
      .filter((command) => command !== 'palette' && !ids.has(`command ${command}`));
    expect(missing).toEqual([]);
    expect(best('fit the window')?.caps).toEqual(['Ctrl', '0']);
    expect(best('zoom to 400')?.caps).toEqual(['Ctrl', '3']);
  });

  it('has no two entries of one id, or the list would mix them up', () => {
    const ids = entries().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('changes theme, language and whose habits the wheel follows', () => {
    best('theme light')?.run();
    expect(preferences.theme).toBe('light');
    best('photoshop')?.run();
    expect(studio.view.navigation).toBe('photoshop');
    best('deutsch')?.run();
    expect(currentLocale()).toBe('de');
    expect(best('farbschema hell')?.title).toContain('Hell');
  });

  it('adds presets of concepts', () => {
    for (const id of PRESET_IDS) {
      const { sets, addSet } = messages.conceptPresets;
      expect(best(addSet(sets[id]))?.id).toBe(`concepts ${sets[id]}`);
    }
    best('preset hands')?.run();
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toContain('hand');
  });

  it('opens what has a button of its own, and goes back to a snapshot', () => {
    best('history and snapshots')?.run();
    expect(studio.view.popover).toBe('history');
    best('mask commands')?.run();
    expect(studio.view.popover).toBe('masks');
    best('models memory')?.run();
    expect([studio.view.dialog, studio.models.view.tab]).toEqual(['models', 'memory']);
    studio.takeSnapshot();
    rectangle();
    best('go back to snapshot 1')?.run();
    expect(studio.document.detections).toEqual([]);
  });

  it('says of what cannot be done why, and offers it last', () => {
    const split = () => entries().find(({ id }) => id === 'command mask-split');
    expect(split()?.whyNot).toBe(messages.shortcuts.needs.detection);
    expect(best('mask')?.whyNot).toBeNull();
    rectangle();
    expect(split()?.whyNot).toBeNull();
  });
});

describe('commands', () => {
  const run = (command: Parameters<typeof Reflect.get>[1]) =>
    Reflect.get(createCommands(studio, page), command) as () => void;

  it('do what the panels do, to what is selected', () => {
    rectangle();
    const [first] = studio.document.detections;
    run('detection-only')();
    expect(studio.document.detections.map(({ enabled }) => enabled)).toEqual([true]);
    run('toggle-global')();
    const { enabled } = studio.document.parameters.global;
    run('toggle-global')();
    expect(studio.document.parameters.global.enabled).toBe(!enabled);
    const { seed } = studio.document.parameters.scaffold;
    run('random-seed')();
    expect(studio.document.parameters.scaffold.seed).not.toBe(seed);
    run('concept-settings')();
    expect(studio.document.selectedConcept?.id).toBe(first?.conceptId);
    run('document-settings')();
    expect(studio.document.selection.kind).toBe('document');
    run('mask-load')();
    expect(page.chooseMask).toHaveBeenCalled();
  });

  it('switch single keys and looking while typing', () => {
    const { looks } = studio.detections;
    const before = looks.whileTyping;
    run('look-while-typing')();
    expect(looks.whileTyping).toBe(!before);
  });
});
