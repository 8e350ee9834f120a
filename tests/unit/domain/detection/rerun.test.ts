import { describe, expect, it } from 'vitest';
import { matchCandidates } from '#domain/detection/rerun.ts';
import type { Candidate } from '#domain/document/state.ts';
import { block, candidateOf, conceptOf, foundAs } from './fixtures.ts';

const FACE = conceptOf('face');
const LEFT = block(16, 0, 0, 6, 6);
const LEFT_AGAIN = block(16, 1, 0, 6, 6);
const RIGHT = block(16, 9, 9, 6, 6);

const rerun = (previous: readonly Candidate[], ...found: ReturnType<typeof foundAs>[]) =>
  matchCandidates({ previous, found, concepts: [FACE], runId: 'run' });

describe('a new run of the detector', () => {
  it('keeps what the user did to an object that is found again', () => {
    const edits = { added: RIGHT, removed: null };
    const frame = { x: 0, y: 0, width: 1, height: 1 };
    const work = { tick: false, edits, frame, rules: { growPx: 3 }, own: { prompt: 'old' } };
    const old = candidateOf('old', 'face', LEFT, work);
    const [again, ...more] = rerun([old], foundAs('face', LEFT_AGAIN, 0.6));
    expect(again).toEqual({ ...old, mask: LEFT_AGAIN, score: 0.6 });
    expect(more).toEqual([]);
  });

  it('keeps the candidate itself where nothing is new, so that nothing is computed again', () => {
    const old = candidateOf('old', 'face', LEFT);
    expect(rerun([old], foundAs('face', block(16, 0, 0, 6, 6)))[0]).toBe(old);
    expect(rerun([old], foundAs('face', block(16, 0, 0, 6, 6), 0.7))[0]?.mask).toBe(LEFT);
  });

  it('gives every answer to the candidate it agrees with best, each once', () => {
    const a = candidateOf('a', 'face', block(16, 0, 0, 8, 4));
    const b = candidateOf('b', 'face', block(16, 1, 0, 8, 4));
    const answers = [foundAs('face', block(16, 2, 0, 8, 4)), foundAs('face', block(16, 1, 0, 8, 4))];
    const result = rerun([a, b], ...answers);
    expect(result.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(result.map(({ mask }) => mask)).toEqual([answers[0]!.mask, answers[1]!.mask]);
    const onlyOne = rerun([a, b], answers[1]!);
    expect(onlyOne.map(({ id }) => id)).toEqual(['b']);
  });

  it('lets go what is not found any more, unless there is work in it; a tick is none', () => {
    const gone = candidateOf('gone', 'face', LEFT, { tick: true });
    const workless = candidateOf('workless', 'face', LEFT, {
      edits: { added: null, removed: null },
      rules: {},
      own: { prompt: undefined },
    });
    const works: Candidate[] = [
      candidateOf('edited', 'face', LEFT, { edits: { added: RIGHT, removed: null } }),
      candidateOf('framed', 'face', LEFT, { frame: { x: 0, y: 0, width: 1, height: 1 } }),
      candidateOf('ruled', 'face', LEFT, { rules: { invert: true } }),
      candidateOf('prompted', 'face', LEFT, { own: { prompt: 'scar' } }),
    ];
    expect(rerun([gone, workless, ...works])).toEqual(works);
  });

  it('never touches what was made by hand, even where the same is found', () => {
    const made = (['hand', 'click', 'file', 'recipe'] as const).map((origin) =>
      candidateOf(origin, 'face', LEFT, { origin }),
    );
    const result = rerun(made, foundAs('face', LEFT));
    expect(result.slice(0, 4)).toEqual(made);
    expect(result.slice(4)).toMatchObject([{ id: 'run.face.0', origin: 'phrase', tick: null }]);
  });

  it('leaves alone concepts that were not looked for', () => {
    const other = candidateOf('other', 'hand', LEFT);
    const silent = conceptOf('silent', {}, { phrase: ' ' });
    const byExample = candidateOf('shown', 'silent', LEFT);
    const previous = [other, byExample];
    const found = [foundAs('gone', LEFT), foundAs('hand', RIGHT)];
    expect(matchCandidates({ previous, found, concepts: [FACE, silent], runId: 'run' })).toEqual(previous);
  });

  it('a run by phrases leaves what examples found; a run by examples replaces both', () => {
    const byExample = candidateOf('example', 'face', LEFT, { origin: 'example' });
    const byPhrase = candidateOf('phrase', 'face', RIGHT);
    const previous = [byExample, byPhrase];
    const run = { previous, found: [], concepts: [FACE], runId: 'run' };
    expect(matchCandidates(run)).toEqual([byExample]);
    expect(matchCandidates({ ...run, origin: 'example' })).toEqual([]);
    const [fresh] = matchCandidates({
      ...run,
      found: [foundAs('face', LEFT)],
      origin: 'example',
      previous: [],
    });
    expect(fresh?.origin).toBe('example');
  });

  it('numbers new candidates per concept by the run, past names that are taken', () => {
    const hand = conceptOf('hand');
    const taken = candidateOf('run.face.1', 'face', LEFT, { origin: 'hand' });
    const found = [foundAs('face', LEFT), foundAs('hand', LEFT), foundAs('face', RIGHT)];
    const result = matchCandidates({ previous: [taken], found, concepts: [FACE, hand], runId: 'run' });
    expect(result.map(({ id }) => id)).toEqual(['run.face.1', 'run.face.0', 'run.hand.0', 'run.face.2']);
  });

  it('objects of two concepts are never the same one', () => {
    const hand = conceptOf('hand');
    const previous = [candidateOf('old', 'hand', LEFT)];
    const result = matchCandidates({
      previous,
      found: [foundAs('face', LEFT)],
      concepts: [FACE, hand],
      runId: 'r',
    });
    expect(result.map(({ id }) => id)).toEqual(['r.face.0']);
  });
});
