import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS, withOverrides } from '#app/defaults.ts';
import { messages } from '#app/messages.ts';
import { Studio } from '#app/studio.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { FoundObject } from '#domain/job/request.ts';
import { candidate, layer, mulberry } from './domain/document/arbitrary-documents.ts';
import { FakeClient, failed, flush, ok, runtimeWith, type Call } from './fake-client.ts';

const DEMO = withOverrides(DEFAULTS, {
  parameters: { sampling: { steps: 5, guidanceScale: 1 } },
  concept: { denoise: 0.3 },
});
const opened = (name: string) => ok({ name, size: { width: 100, height: 80 }, sha256: name, carried: null });
const mask = { width: 2, height: 1, runs: [0, 1, 1] };
const detection = (id: string, score: number): Candidate => ({
  ...candidate('concept-1', mulberry(1)),
  id,
  mask,
  score,
});
/** Two that do not overlap. */
const other = (id: string, score: number): Candidate => ({
  ...detection(id, score),
  mask: { width: 2, height: 1, runs: [1, 1] },
});
const found = (score: number): FoundObject => ({
  conceptId: 'concept-1',
  box: rect(0, 0, 0.5, 1),
  mask,
  score,
  presence: 1,
});
const put = (...candidates: readonly Candidate[]) =>
  studio.document.dispatch({ type: 'set-candidates', candidates, presence: {} });
const LAYER = layer(mulberry(2));
const REFINED = ok({ layers: [LAYER], elapsedMs: 1000, overheadShare: 0 });
const AREA: JobEvent = { kind: 'layer', layer: LAYER, order: [LAYER.id] };

let client: FakeClient;
let studio: Studio;
const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();
const canvas = {} as HTMLCanvasElement;

async function open(name: string): Promise<void> {
  void studio.open(new Blob([name]), name);
  await flush();
  await client.last('openImage').answer(opened(name));
}

function event(method: string, value: JobEvent): void {
  (client.last(method).args.at(-1) as (event: JobEvent) => void)(value);
}

/** Begins a job and answers its call. */
async function begin(kind: 'detect' | 'refine' | 'exportPng'): Promise<Call> {
  void studio[kind]();
  await flush();
  return client.last(kind);
}

async function refined(): Promise<void> {
  await (await begin('refine')).answer(REFINED);
}

beforeEach(async () => {
  vi.useFakeTimers();
  info.mockClear();
  error.mockClear();
  studio = new Studio({ info, error }, DEMO, (onCrash) => (client = new FakeClient(onCrash)));
  await studio.start(canvas);
  await open('first.png');
  studio.document.addConcept('face');
});
afterEach(() => {
  vi.useRealTimers();
});

describe('stopping', () => {
  it('never ends the worker for a job that began after the stopped one', async () => {
    const first = await begin('detect');
    studio.stop();
    await first.answer(failed('aborted'));
    await begin('detect');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(client.terminations).toBe(0);
    expect(studio.job.running).toBe(true);
    expect(studio.job.stuck).toBe(false);
  });

  it('never ends the worker for a job that was stopped and whose picture is gone', async () => {
    await begin('detect');
    studio.stop();
    await open('second.png');
    await begin('detect');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(client.terminations).toBe(0);
  });

  it('ends a worker that does not answer while nothing is refined', async () => {
    await begin('detect');
    studio.stop();
    await vi.advanceTimersByTimeAsync(4999);
    expect(client.terminations).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(client.terminations).toBe(1);
    expect(studio.job.running).toBe(false);
  });

  it.each(['detect', 'exportPng', 'refine'] as const)(
    'asks before %s costs the refined picture',
    async (job) => {
      await refined();
      await begin(job);
      studio.stop();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(client.terminations).toBe(0);
      expect(studio.document.layers).toHaveLength(1);
      expect(studio.job.stuck).toBe(true);
      studio.endNow();
      expect(client.terminations).toBe(1);
    },
  );

  it('asks before a first run costs its finished areas', async () => {
    await begin('refine');
    event('refine', AREA);
    studio.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.terminations).toBe(0);
    expect(studio.job.stuck).toBe(true);
  });

  it('names the export, so that the worker can stop it', async () => {
    const { args } = await begin('exportPng');
    studio.stop();
    expect(args[0]).toMatchObject({ job: studio.job.id });
    expect(client.last('cancel').args).toEqual([studio.job.id]);
  });

  it('keeps the refined picture when a stopped export or detection ends', async () => {
    await refined();
    for (const kind of ['exportPng', 'detect'] as const) {
      const job = await begin(kind);
      studio.stop();
      await job.answer(failed('aborted'));
      expect(studio.document.layers).toHaveLength(1);
      expect(studio.job.outcome).toBe(messages.bar.stopped(0));
    }
  });
});

describe('late answers', () => {
  it.each([
    ['detect', ok({ found: [found(0.9)], presence: { 'concept-1': 1 } })],
    ['refine', REFINED],
  ] as const)('of %s never reach a new picture', async (kind, answer) => {
    const late = await begin(kind);
    await open('second.png');
    await late.answer(answer);
    expect(studio.document.detections).toEqual([]);
    expect(studio.document.layers).toEqual([]);
    expect(studio.job.running).toBe(false);
  });

  it('arriving in the same turn as the new picture do not reach it either', async () => {
    const late = await begin('detect');
    void studio.open(new Blob(['b']), 'second.png');
    await flush();
    void client.last('openImage').answer(opened('second.png'));
    void late.answer(ok({ found: [found(0.9)], presence: {}, readAs: {} }));
    await flush();
    expect(studio.document.image?.name).toBe('second.png');
    expect(studio.document.detections).toEqual([]);
  });

  it('and events of a finished job change nothing', async () => {
    await begin('refine');
    event('refine', AREA);
    await open('second.png');
    event('refine', AREA);
    expect(studio.document.layers).toEqual([]);
    expect(studio.job.areas).toHaveLength(1);
  });
});

describe('opening', () => {
  it('leaves the running job alone when the file is bad', async () => {
    const job = await begin('refine');
    void studio.open(new Blob(['x']), 'bad.png');
    await flush();
    await client.last('openImage').answer(failed('bad-file', 'bad.png is damaged.'));
    expect(client.of('cancel')).toHaveLength(0);
    expect(error).toHaveBeenCalledExactlyOnceWith('bad.png is damaged.');
    expect(studio.job.kind).toBe('refine');
    await job.answer(REFINED);
    expect(studio.document.layers).toHaveLength(1);
    expect(studio.document.image?.name).toBe('first.png');
  });

  it.each(['before', 'after'])('tells calmly that a run ended when its answer comes %s', async (order) => {
    const job = await begin('refine');
    void studio.open(new Blob(['x']), 'second.png');
    await flush();
    if (order === 'before') await job.answer(failed('aborted'));
    await client.last('openImage').answer(opened('second.png'));
    if (order === 'after') await job.answer(failed('aborted'));
    expect(studio.job.outcome).toBe(messages.bar.replaced('second.png'));
    expect(studio.job.running).toBe(false);
    expect(error).not.toHaveBeenCalled();
  });

  it('starts no job between the old picture and the new one', async () => {
    void studio.open(new Blob(['x']), 'second.png');
    await flush();
    await studio.detect();
    expect(client.of('detect')).toHaveLength(0);
  });
});

describe('a picture opened over another', () => {
  it('can be left again for the document before, detections and layers included', async () => {
    put(detection('a', 0.9));
    await refined();
    const before = studio.document.history.present;
    const clear = vi.spyOn(studio.previews, 'clear');
    await open('second.png');
    expect(clear).toHaveBeenCalledOnce();
    expect(studio.document.layers).toEqual([]);
    expect(info).toHaveBeenLastCalledWith(messages.app.left('first.png'), expect.anything());
    info.mock.lastCall?.[1]?.run();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.image?.name).toBe('first.png');
    expect(studio.document.history.present).toEqual(before);
  });

  it('leaves behind what a run had finished', async () => {
    await begin('refine');
    event('refine', AREA);
    await open('second.png');
    info.mock.lastCall?.[1]?.run();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers).toEqual([LAYER]);
  });

  it('keeps the pixels of the document before until yet another comes', async () => {
    await refined();
    await open('second.png');
    await vi.advanceTimersByTimeAsync(6000);
    expect(client.last('keepPixels').args).toEqual([[LAYER.pixels.id]]);
    await open('third.png');
    await vi.advanceTimersByTimeAsync(6000);
    expect(client.last('keepPixels').args).toEqual([[]]);
  });

  it('says nothing when there was nothing but the picture', async () => {
    info.mockClear();
    await open('second.png');
    expect(info).not.toHaveBeenCalled();
  });
});

describe('models', () => {
  const file = (name: string) => new File(['x'], name);

  it('are not changed while a job runs', async () => {
    await begin('detect');
    await studio.models.useFile(file('own.safetensors'));
    await studio.models.useDemoPack();
    expect(client.of('useModelFile')).toHaveLength(0);
    expect(client.of('useDemoPack')).toHaveLength(0);
    expect(info).toHaveBeenCalledWith(messages.models.busy);
  });

  it.each(['a.ckpt', 'b.PT', 'c.pth', 'd.bin', 'e.pkl', 'f.safetensors'])(
    'are judged by the worker: %s',
    async (name) => {
      void studio.takeFile(file(name));
      await flush();
      await client.last('useModelFile').answer(failed('bad-file', `${name}: convert it.`));
      expect(client.of('openImage')).toHaveLength(1);
      expect(error).toHaveBeenCalledExactlyOnceWith(`${name}: convert it.`);
    },
  );

  async function use(): Promise<void> {
    void studio.models.useFile(file('own.safetensors'));
    await flush();
    await client.last('useModelFile').answer(ok(runtimeWith(false)));
  }

  it('bring their settings while nobody has touched them, and the demo pack takes its own back', async () => {
    await use();
    expect(studio.document.parameters).toEqual(DEFAULTS.parameters);
    expect(studio.document.concepts[0]).toMatchObject({ phrase: 'face', denoise: DEFAULTS.concept.denoise });
    expect(info).toHaveBeenCalledOnce();
    expect(info.mock.lastCall?.[0]).toContain(messages.models.settingsFollow(20, 5));
    void studio.models.useDemoPack();
    await flush();
    await client.last('useDemoPack').answer(ok(runtimeWith(true)));
    expect(studio.document.parameters).toEqual(DEMO.parameters);
    expect(studio.document.concepts[0]).toMatchObject({ phrase: 'face', denoise: 0.3 });
  });

  it('offer to undo the change of settings', async () => {
    await use();
    info.mock.lastCall?.[1]?.run();
    expect(studio.document.parameters).toEqual(DEMO.parameters);
  });

  it('leave changed settings and say which fit', async () => {
    studio.document.setParameters('sampling', { steps: 7 });
    await use();
    expect(studio.document.parameters.sampling).toMatchObject({ steps: 7, guidanceScale: 1 });
    expect(info.mock.lastCall?.[0]).toContain(messages.models.settingsKept(20, 5));
  });
});

describe('numbers', () => {
  it('on the canvas are places in the request plus one', () => {
    const { document } = studio;
    put(detection('low', 0.6), other('high', 0.8));
    expect(document.request.detections.map(({ id }) => id)).toEqual(['high', 'low']);
    for (const [index, { id }] of document.request.detections.entries())
      expect(document.numberOf(id)).toBe(index + 1);
  });
});

describe('brush strokes', () => {
  const painted = ok({ mask: { width: 2, height: 1, runs: [0, 2] }, box: rect(0, 0, 1, 1) });

  async function stroke(id: string): Promise<void> {
    studio.masks.painter.begin({ detectionId: id, mode: 'add', radiusPx: 4 }, { x: 1, y: 1 });
    studio.masks.painter.end();
    await flush();
    await client.last('paint').answer(painted);
  }

  beforeEach(() => {
    vi.stubGlobal('requestAnimationFrame', () => 1);
    vi.stubGlobal('cancelAnimationFrame', () => undefined);
    put(detection('a', 0.9), other('b', 0.8));
  });
  afterEach(() => vi.unstubAllGlobals());

  it('are taken back one by one, mask, box and ticks', async () => {
    const before = studio.document.detections;
    await stroke('a');
    await stroke('b');
    expect(studio.document.detections.every(({ edited }) => edited)).toBe(true);
    await studio.undo();
    expect(studio.document.detections[1]).toEqual(before[1]);
    expect(studio.document.detections[0]?.edited).toBe(true);
    await studio.undo();
    expect(studio.document.detections).toEqual(before);
    await studio.redo();
    expect(studio.document.detections[0]?.edited).toBe(true);
  });

  it('on a removed detection come back with it', async () => {
    await stroke('b');
    studio.document.removeDetection('b');
    expect(studio.document.detections).toHaveLength(1);
    await studio.undo();
    expect(studio.document.detections[1]).toMatchObject({ id: 'b', edited: true });
  });
});

describe('a refinement', () => {
  it('is one step that can be undone and redone', async () => {
    await refined();
    expect(studio.document.layers).toEqual([LAYER]);
    await studio.undo();
    expect(studio.document.layers).toEqual([]);
    await studio.redo();
    expect(studio.document.layers).toEqual([LAYER]);
  });

  it('that is stopped keeps what was finished', async () => {
    const job = await begin('refine');
    event('refine', AREA);
    studio.stop();
    await job.answer(failed('aborted'));
    expect(studio.document.layers).toEqual([LAYER]);
  });

  it('keeps what the user changed and removed while it ran', async () => {
    const [kept, removed] = [layer(mulberry(3)), layer(mulberry(4))];
    studio.document.dispatch({ type: 'set-layers', layers: [kept, removed] });
    const job = await begin('refine');
    studio.layers.update([kept.id], { opacity: 0.25 });
    studio.layers.remove([removed.id]);
    await job.answer(ok({ layers: [kept, removed, LAYER], elapsedMs: 1, overheadShare: 0 }));
    expect(studio.document.layers).toEqual([{ ...kept, opacity: 0.25 }, LAYER]);
  });
});

it('says when there is nothing to take back', async () => {
  await open('third.png');
  await studio.undo();
  expect(info).toHaveBeenCalledWith(messages.tools.nothingToUndo);
  await studio.redo();
  expect(info).toHaveBeenCalledWith(messages.tools.nothingToRedo);
});

it('shows the masks again when a run ends without a result', async () => {
  put(detection('a', 0.9));
  const run = await begin('refine');
  expect(studio.view.masksVisible).toBe(false);
  await run.answer(failed('aborted'));
  expect(studio.view.masksVisible).toBe(true);
});
