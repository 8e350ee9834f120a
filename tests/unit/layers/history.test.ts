import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { stepText } from '#app/history-text.ts';
import { chooseLocale, messages } from '#app/messages.ts';
import { Studio } from '#app/studio.ts';
import { ScriptedClient } from './scripted-client.ts';

let client: ScriptedClient;
let studio: Studio;
const notifier = { info: vi.fn(), error: vi.fn() };
const names = () => studio.document.history.snapshots.map(({ name }) => name);

beforeEach(async () => {
  studio = new Studio(notifier, DEFAULTS, (onCrash) => (client = new ScriptedClient(onCrash)));
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:', revokeObjectURL: () => undefined });
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  await studio.start({} as HTMLCanvasElement);
  const size = { width: 8, height: 8 };
  client.script['openImage'] = () => ({ name: 'x', size, sha256: '', carried: null });
  await studio.open(new Blob(['x']), 'x.png');
});

describe('snapshots', () => {
  it('get a number that is free, and can be renamed, removed and brought back', () => {
    const { history } = studio.document;
    studio.takeSnapshot();
    studio.takeSnapshot();
    expect(names()).toEqual(['Snapshot 1', 'Snapshot 2']);
    const [first] = history.snapshots;
    const back = history.removeSnapshot(first!.id);
    studio.takeSnapshot();
    expect(names()).toEqual(['Snapshot 2', 'Snapshot 3']);
    back.run();
    expect(names()).toEqual(['Snapshot 1', 'Snapshot 2', 'Snapshot 3']);
    history.renameSnapshot(first!.id, 'before the hands');
    expect(names()).toEqual(['before the hands', 'Snapshot 2', 'Snapshot 3']);
  });

  it('that were removed come back to their own document alone', () => {
    const { history } = studio.document;
    studio.takeSnapshot();
    const withdraw = vi.fn<() => void>();
    const back = history.removeSnapshot(history.snapshots[0]!.id);
    back.until(withdraw);
    studio.takeSnapshot();
    expect(withdraw).not.toHaveBeenCalled();
    studio.document.beginWith(['ring']);
    expect(withdraw).toHaveBeenCalledOnce();
    back.run();
    expect(names()).toEqual([]);
  });

  it('that were removed come back once, and not for ever', () => {
    vi.useFakeTimers();
    const { history } = studio.document;
    studio.takeSnapshot();
    const withdraw = vi.fn<() => void>();
    const back = history.removeSnapshot(history.snapshots[0]!.id);
    back.run();
    expect(names()).toEqual(['Snapshot 1']);
    const again = history.removeSnapshot(history.snapshots[0]!.id);
    again.until(withdraw);
    back.run();
    expect(names()).toEqual([]);
    vi.advanceTimersByTime(61_000);
    expect(withdraw).toHaveBeenCalledOnce();
    again.run();
    expect(names()).toEqual([]);
    vi.useRealTimers();
  });

  it('come back as a step that can be undone', async () => {
    studio.document.addConcept('face');
    studio.takeSnapshot();
    studio.document.addConcept('hands');
    const { history } = studio.document;
    history.restoreSnapshot(history.snapshots[0]!.id);
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['face']);
    expect(stepText(history.steps.at(-1)!)).toBe('Snapshot restored · Snapshot 1');
    await studio.undo();
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['face', 'hands']);
  });

  it('need a picture', () => {
    const empty = new Studio(notifier, DEFAULTS, (onCrash) => new ScriptedClient(onCrash));
    empty.takeSnapshot();
    expect(empty.document.history.snapshots).toEqual([]);
  });
});

describe('steps', () => {
  it('go to any place, and say when there is no way', async () => {
    studio.document.addConcept('face');
    studio.document.addConcept('hands');
    await studio.goTo(0);
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['']);
    await studio.goTo(2);
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['face', 'hands']);
    await studio.goTo(9);
    expect(notifier.error).toHaveBeenCalledWith(messages.history.unreachable);
  });

  it('are said with what they were done to, in the language of the page', () => {
    studio.document.setParameters('scaffold', { seed: 3 });
    const [step] = studio.document.history.steps;
    expect(stepText(step!)).toBe('Setting changed · Noise');
    chooseLocale('de');
    expect(stepText(step!)).toBe('Einstellung geändert · Rauschen');
    chooseLocale(null);
    expect(stepText({ name: 'set-parameters', subject: 'detail,global' })).toBe('Setting changed');
  });
});
