import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CommandHost } from '#app/job-runner.ts';
import { LayerPreviews } from '#app/layer-previews.ts';
import { layer } from './layer-fixtures.ts';
import { ScriptedClient } from './scripted-client.ts';

const LAYER = layer('a');
const SIDE = 64;
let client: ScriptedClient;
let previews: LayerPreviews;

/** A picture that is seen to be closed. */
const bitmap = () => ({ close: vi.fn() });
const shown = (of = LAYER) => previews.painting(of, of.pixels.id, SIDE);

beforeEach(() => {
  client = new ScriptedClient(() => undefined);
  client.script['preview'] = bitmap;
  previews = new LayerPreviews({ client } as unknown as CommandHost);
});

describe('previews', () => {
  it('are asked for once', async () => {
    expect(await shown()).toBe(await shown());
    expect(client.of('preview')).toHaveLength(1);
  });

  it('are closed and asked for anew when another picture has been opened', async () => {
    const before = await shown();
    expect(before?.close).not.toHaveBeenCalled();
    previews.clear();
    await vi.waitFor(() => expect(before?.close).toHaveBeenCalledOnce());
    const after = await shown();
    expect(after).not.toBe(before);
    expect(after?.close).not.toHaveBeenCalled();
  });

  it('of the picture before that are on their way are drawn by nobody and closed, and no more are asked for', async () => {
    let answer: (picture: ReturnType<typeof bitmap>) => void = () => undefined;
    client.script['preview'] = () => new Promise((resolve) => (answer = resolve));
    const [first, second] = [shown(), shown(layer('b'))];
    await vi.waitFor(() => expect(client.of('preview')).toHaveLength(1));
    previews.clear();
    const late = bitmap();
    answer(late);
    await first;
    expect(await second).toBeNull();
    await vi.waitFor(() => expect(late.close).toHaveBeenCalledOnce());
    expect(client.of('preview')).toHaveLength(1);
  });

  it('are closed when their layer is forgotten, after those who asked have drawn them', async () => {
    const asked = shown();
    const closes = (picture: ImageBitmap | null) => vi.mocked(picture!.close).mock.calls.length;
    const drawn = asked.then(closes);
    previews.forget(LAYER.id);
    expect(await drawn).toBe(0);
    expect((await asked)?.close).toHaveBeenCalledOnce();
  });

  it('are closed when there are too many, the longest unused first', async () => {
    const first = await shown();
    const second = await shown(layer('second'));
    await shown();
    for (let i = 0; i < 255; i++) await shown(layer(`layer ${i}`));
    expect(first?.close).not.toHaveBeenCalled();
    expect(second?.close).toHaveBeenCalledOnce();
  });
});
