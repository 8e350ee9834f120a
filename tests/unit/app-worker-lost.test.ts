import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { messages } from '#app/messages.ts';
import { Studio } from '#app/studio.ts';
import type { JobEvent } from '#domain/job/events.ts';
import { candidate, layer, mulberry } from './domain/document/arbitrary-documents.ts';
import { FakeClient, failed, flush, ok, type Call } from './fake-client.ts';

const PICTURE = { size: { width: 100, height: 80 }, sha256: 'x', carried: null };
const LAYER = layer(mulberry(2));
const AREA: JobEvent = { kind: 'layer', layer: LAYER, order: [LAYER.id] };

let client: FakeClient;
let studio: Studio;
let died: (reason: string) => void;
const error = vi.fn<Studio['notifier']['error']>();
const canvas = {} as HTMLCanvasElement;

const opened = () => client.last('openImage').answer(ok({ name: 'first.png', ...PICTURE }));

function finishes(area: JobEvent): void {
  (client.last('refine').args.at(-1) as (event: JobEvent) => void)(area);
}

async function begin(kind: 'detect' | 'refine'): Promise<Call> {
  void studio[kind]();
  await flush();
  return client.last(kind);
}

beforeEach(async () => {
  vi.useFakeTimers();
  error.mockClear();
  studio = new Studio({ info: vi.fn(), error }, undefined, (onCrash) => {
    died = onCrash;
    return (client = new FakeClient(onCrash));
  });
  await studio.start(canvas);
  void studio.open(new Blob(['x']), 'first.png');
  await flush();
  await opened();
  studio.document.addConcept('face');
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a lost GPU', () => {
  it('starts a new worker with the same picture and says what is kept', async () => {
    const job = await begin('detect');
    await job.answer(failed('gpu-lost', 'Reload the page.'));
    expect(client.terminations).toBe(1);
    expect(studio.view.canvasEpoch).toBe(1);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.errors.gpuLost);
    void studio.start(canvas);
    await flush();
    expect(client.of('openImage')).toHaveLength(2);
    expect(client.last('openImage').args[1]).toBe('first.png');
    await opened();
    expect(studio.document.ready).toBe(true);
    expect(studio.document.concepts[0]?.phrase).toBe('face');
  });

  it('says where finished layers come from', async () => {
    await (await begin('refine')).answer(ok({ layers: [LAYER], elapsedMs: 1, overheadShare: 0 }));
    await (await begin('detect')).answer(failed('gpu-lost'));
    const { gpuLost, layersReturn } = messages.errors;
    expect(error).toHaveBeenCalledExactlyOnceWith(`${gpuLost} ${layersReturn}`);
    expect(studio.document.layers).toEqual([LAYER]);
  });
});

describe('a worker that goes in the middle of a refinement', () => {
  it.each(['dies', 'is ended'])(
    'and %s leaves what was finished, as one step, to its successor',
    async (how) => {
      const run = await begin('refine');
      finishes(AREA);
      if (how === 'dies') died('out of memory');
      else studio.endNow();
      expect(studio.job.running).toBe(false);
      await run.answer(failed('aborted'));
      finishes({ ...AREA, layer: { ...LAYER, id: 'late' } });
      expect(studio.document.layers).toEqual([LAYER]);
      const { workerLost, layersReturn } = messages.errors;
      const told = how === 'dies' ? workerLost : messages.bar.ended;
      expect(error).toHaveBeenCalledExactlyOnceWith(`${told} ${layersReturn}`);
      await studio.undo();
      expect(studio.document.layers).toEqual([]);
    },
  );

  it('leaves nothing where nothing was finished, and shows the masks again', async () => {
    studio.document.dispatch({
      type: 'set-candidates',
      candidates: [candidate('concept-1', mulberry(1))],
      presence: {},
    });
    const { cursor } = studio.document.history;
    await begin('refine');
    died('out of memory');
    expect([studio.document.history.cursor, studio.view.masksVisible]).toEqual([cursor, true]);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.errors.workerLost);
  });

  it('ends the job even when what it left cannot be taken', async () => {
    await begin('refine');
    finishes(AREA);
    vi.spyOn(studio.document, 'dispatch').mockImplementationOnce(() => {
      throw new Error('broken');
    });
    died('x');
    expect([studio.job.running, client.terminations]).toEqual([false, 1]);
    expect(error).toHaveBeenCalledWith('broken');
  });
});
