import { describe, expect, it } from 'vitest';
import { PATTERN_COUNT, hueOf, nextConceptId, patternOf } from '#app/hues.ts';
import { formatBytes, formatDuration, messages } from '#app/messages.ts';
import { SHORTCUTS, capsOf, findConflicts, isTypingKey } from '#app/shortcuts.ts';

/** Chrome keeps these in a tab whatever a page does. */
const RESERVED = ['$mod+w', '$mod+t', '$mod+n', '$mod+shift+w', '$mod+shift+t', '$mod+shift+n', '$mod+tab'];

describe('shortcuts', () => {
  it('have no two commands on one key', () => {
    expect(findConflicts(SHORTCUTS)).toEqual([]);
  });

  it('are found to conflict when they do', () => {
    const [first] = SHORTCUTS;
    expect(findConflicts([first!, { ...first!, command: 'stop' }])).toEqual([[first!.command, 'stop']]);
  });

  it('leave Chrome its keys', () => {
    const keys = SHORTCUTS.flatMap((shortcut) => shortcut.keys.map((key) => key.toLowerCase()));
    expect(keys.filter((key) => RESERVED.includes(key))).toEqual([]);
  });

  it('are the ones users of other editors know', () => {
    const keysOf = (command: string) => SHORTCUTS.find((shortcut) => shortcut.command === command)?.keys[0];
    expect(keysOf('refine')).toBe('$mod+Enter');
    expect(keysOf('stop')).toBe('Shift+x');
    expect(keysOf('zoom-fit')).toBe('$mod+0');
    expect(keysOf('zoom-100')).toBe('$mod+1');
    expect(keysOf('export')).toBe('$mod+Shift+e');
    expect(capsOf('export')).toBe('Ctrl Shift E');
  });

  it('know which keys would type a character', () => {
    expect(['b', 'Shift+n', 'BracketLeft', 'Shift+?'].every(isTypingKey)).toBe(true);
    expect(['$mod+Enter', '$mod+Shift+e', 'F1'].some(isTypingKey)).toBe(false);
  });

  it('are all named in the sheet, once', () => {
    const commands = SHORTCUTS.map(({ command }) => command);
    expect(new Set(commands).size).toBe(commands.length);
    expect(Object.keys(messages.shortcuts.commands).sort()).toEqual([...commands].sort());
  });
});

describe('hues', () => {
  const ids = Array.from({ length: 10 }, (_, index) => `concept-${index + 1}`);

  it('are at least 20 degrees apart for ten concepts, and apart from the accent', () => {
    const hues = ids.map(hueOf);
    for (const [i, a] of hues.entries()) {
      expect(a >= 35 && a <= 60).toBe(false);
      for (const b of hues.slice(i + 1))
        expect(Math.min(Math.abs(a - b), 360 - Math.abs(a - b))).toBeGreaterThanOrEqual(20);
    }
  });

  it('repeat together with the pattern only after twenty concepts', () => {
    const looks = Array.from({ length: 20 }, (_, index) => `concept-${index + 1}`).map(
      (id) => `${hueOf(id)}/${patternOf(id)}`,
    );
    expect(new Set(looks).size).toBe(20);
  });

  it('are stable for foreign ids', () => {
    expect(hueOf('c0ffee')).toBe(hueOf('c0ffee'));
    expect(patternOf('größer')).toBeLessThan(PATTERN_COUNT);
  });

  it('are given again when a concept goes', () => {
    expect(nextConceptId(['concept-1', 'concept-3'])).toBe('concept-2');
    expect(nextConceptId([])).toBe('concept-1');
  });
});

describe('texts', () => {
  it('round durations so that they do not flicker', () => {
    expect(formatDuration(400)).toBe('1 s');
    expect(formatDuration(38_200)).toBe('38 s');
    expect(formatDuration(131_000)).toBe('2 min 10 s');
    expect(formatDuration(15 * 60_000 + 9000)).toBe('15 min');
    expect(formatDuration(65 * 60_000)).toBe('1 h 5 min');
  });

  it('show sizes as file managers do', () => {
    expect(formatBytes(0)).toBe('0 B');
    expect(formatBytes(8_400_000)).toBe('8.4 MB');
    expect(formatBytes(6_938_040_682)).toBe('6.9 GB');
  });
});
