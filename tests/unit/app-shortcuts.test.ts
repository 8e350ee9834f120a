import { afterEach, describe, expect, it, vi } from 'vitest';
import { PATTERN_COUNT, hueOf, nextConceptId, patternOf } from '#app/hues.ts';
import { formatBytes, formatDuration, messages } from '#app/messages.ts';
import type { Commands } from '#app/commands.ts';
import { bindShortcuts } from '#app/key-binding.ts';
import { canonicalKey, capsOfKey, isSingleKey, isTypingKey, keyOfEvent, refusedKey } from '#app/key-names.ts';
import { ariaKeysOf, capsOf, keymap, readOverrides } from '#app/keymap.svelte.ts';
import { SHORTCUTS, type CommandId } from '#app/shortcuts.ts';

afterEach(() => {
  keymap.reset();
  keymap.singleKeys = true;
});

describe('shortcuts', () => {
  it('have no two commands on one key', () => {
    const shared = SHORTCUTS.filter(({ command, keys }) =>
      keys.some((key) => keymap.ownersOf(key, command).length > 0),
    );
    expect(shared.map(({ command }) => command)).toEqual([]);
  });

  it('leave Chrome, the clipboard and the focus their keys; only Escape leaves the tool too', () => {
    const refused = SHORTCUTS.flatMap(({ keys }) => keys).filter((key) => refusedKey(key) !== null);
    expect(refused).toEqual(['Escape']);
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

  it('are told from the letters, digits and signs that speech input presses by mistake', () => {
    expect(['b', 'Shift+n', 'BracketLeft', 'KeyS', 'Shift+?'].every(isSingleKey)).toBe(true);
    expect(['$mod+b', 'Alt+Equal', 'Delete', 'Escape', 'F1'].some(isSingleKey)).toBe(false);
  });

  it('are all named in the sheet, once', () => {
    const commands = SHORTCUTS.map(({ command }) => command);
    expect(new Set(commands).size).toBe(commands.length);
    expect(Object.keys(messages.shortcuts.commands).sort()).toEqual([...commands].sort());
  });
});

describe('keys', () => {
  it('have one spelling', () => {
    const same = ([a, b]: string[]) => expect(canonicalKey(a!)).toBe(canonicalKey(b!));
    [
      ['$mod+Alt+KeyS', 'Alt+$mod+s'],
      ['Digit1', '1'],
      ['Shift+?', 'Shift+Slash'],
      [' ', 'Space'],
    ].forEach(same);
    expect(canonicalKey('Shift+s')).not.toBe(canonicalKey('s'));
  });

  it('are read from what is pressed', () => {
    const press = (key: string, code: string, held: string[] = []) =>
      keyOfEvent({
        ...{ key, code, ctrlKey: held.includes('ctrl'), metaKey: false },
        ...{ altKey: held.includes('alt'), shiftKey: held.includes('shift') },
      });
    expect(press('Control', 'ControlLeft', ['ctrl'])).toBeNull();
    expect(press('K', 'KeyK', ['ctrl', 'shift'])).toBe('$mod+Shift+k');
    // A German keyboard: the letter counts, not where it is; with Alt the letter may be another.
    expect(press('z', 'KeyY')).toBe('z');
    expect(press('ß', 'KeyS', ['alt'])).toBe('Alt+KeyS');
    expect(press('+', 'BracketRight')).toBe('BracketRight');
    expect(capsOfKey('$mod+Alt+KeyS')).toEqual(['Ctrl', 'Alt', 'S']);
  });

  it('that Chrome, the clipboard or the focus need are refused with the reason', () => {
    expect(['$mod+w', '$mod+Shift+t', 'Alt+F4'].map(refusedKey)).toEqual(['chrome', 'chrome', 'chrome']);
    expect(['$mod+v', 'Tab', 'Shift+ArrowLeft'].map(refusedKey)).toEqual([
      'clipboard',
      'navigation',
      'navigation',
    ]);
    expect(['$mod+ArrowLeft', 'w', '$mod+k', '$mod+Digit1'].map(refusedKey)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

describe('the keymap', () => {
  it('gives a command another key, and the one that had it the old one when they swap', () => {
    keymap.assign('tool-brush', 'e', 'swap');
    expect([keymap.keysOf('tool-brush'), keymap.keysOf('tool-eraser')]).toEqual([['e'], ['b']]);
    expect([capsOf('tool-brush'), ariaKeysOf('tool-eraser')]).toEqual(['E', 'B']);
    keymap.reset('tool-brush');
    expect(keymap.keysOf('tool-brush')).toEqual(['b']);
    keymap.reset();
    expect(keymap.keysOf('tool-eraser')).toEqual(['e']);
  });

  it('keeps both when that is wanted, and names the owners of a key', () => {
    keymap.assign('tool-hand', 'KeyB', 'both');
    expect(keymap.ownersOf('b', 'tool-hand')).toEqual(['tool-brush']);
    expect(keymap.ownersOf('b', 'tool-brush')).toEqual(['tool-hand']);
  });

  it('refuses keys that are not to be had and commands whose keys are fixed', () => {
    keymap.assign('tool-hand', '$mod+w');
    keymap.assign('paste', 'Shift+y');
    expect(keymap.overrides).toEqual({});
  });

  it('survives a file, and takes nothing else', () => {
    keymap.assign('tool-hand', 'Shift+h');
    keymap.clear('detect');
    const file = keymap.exported();
    keymap.reset();
    expect([keymap.take('{}'), keymap.take('no json'), keymap.overrides]).toEqual([false, false, {}]);
    expect(keymap.take(file)).toBe(true);
    expect(keymap.overrides).toEqual({ 'tool-hand': ['Shift+h'], detect: [] });
    expect(capsOf('detect')).toBe('');
    expect(readOverrides({ detect: ['$mod+w'], 'from-the-future': ['x'], paste: ['x'] })).toEqual({
      detect: [],
    });
  });

  it('presses, holds and lets go; commands share a key; single keys can be off; dialogs cover the document', () => {
    const target = new EventTarget();
    vi.stubGlobal('HTMLElement', Map);
    vi.stubGlobal('Element', Map);
    vi.stubGlobal('KeyboardEvent', Event);
    const done: string[] = [];
    const commands = new Proxy({} as Commands, { get: (_, name) => () => done.push(String(name)) });
    const possible = new Set<CommandId>(['tool-brush', 'tool-hand', 'peek-original', 'refine']);
    let covered = false;
    const bind = () =>
      bindShortcuts(
        target as Window,
        commands,
        { 'peek-original': () => done.push('let go') },
        { possible: (command) => possible.has(command), covered: () => covered },
      );
    const send = (type: string, key: string, code: string, held = {}) => {
      const event = Object.assign(new Event(type, { cancelable: true }), {
        key,
        code,
        repeat: false,
        ...held,
      });
      target.dispatchEvent(Object.assign(event, { getModifierState: (name: string) => name in held }));
    };
    keymap.assign('tool-hand', 'b', 'both');
    let unbind = bind();
    send('keydown', 'b', 'KeyB');
    possible.delete('tool-brush');
    send('keydown', 'b', 'KeyB');
    send('keydown', '`', 'Backquote');
    target.dispatchEvent(new Event('blur'));
    send('keyup', '`', 'Backquote');
    expect(done.splice(0)).toEqual(['tool-brush', 'tool-hand', 'peek-original', 'let go']);
    unbind();
    keymap.singleKeys = false;
    unbind = bind();
    send('keydown', 'b', 'KeyB');
    send('keydown', 'Enter', 'Enter', { Control: true });
    expect(done.splice(0)).toEqual(['refine']);
    // Behind a dialog nothing changes; what opens another one still does.
    covered = true;
    send('keydown', 'Enter', 'Enter', { Control: true });
    send('keydown', 'k', 'KeyK', { Control: true });
    expect(done).toEqual(['palette']);
    unbind();
    vi.unstubAllGlobals();
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
