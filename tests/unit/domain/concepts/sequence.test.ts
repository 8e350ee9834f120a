import { describe, expect, it } from 'vitest';
import { applySequence, type Sequence } from '#domain/concepts/sequence.ts';
import { resolveDetections } from '#domain/detection/resolve.ts';
import { block, candidateOf, conceptOf } from '../detection/fixtures.ts';

const concepts = [conceptOf('hand'), conceptOf('face', { order: 'left-to-right' })];
const candidates = [
  candidateOf('right', 'face', block(16, 10, 0, 4, 4)),
  candidateOf('left', 'face', block(16, 0, 0, 4, 4), { own: { denoise: 0.2, prompt: 'old' } }),
  candidateOf('middle', 'face', block(16, 5, 0, 4, 4)),
  candidateOf('hand', 'hand', block(16, 5, 8, 4, 4)),
];
const { shown } = resolveDetections({ concepts, candidates, picture: { width: 16, height: 16 } });
const apply = (texts: Sequence['texts'], from: Sequence['from'] = 'start') =>
  applySequence(shown, 'face', { from, texts });

describe('a sequence of texts', () => {
  it('gives each listed detection of its concept its text and keeps what else is its own', () => {
    const texts = [
      { prompt: 'a', skip: false },
      { prompt: 'b', negative: 'n', skip: false },
      { negative: 'm', skip: false },
    ];
    expect(apply(texts)).toEqual([
      { id: 'left', patch: { own: { denoise: 0.2, prompt: 'a' } } },
      { id: 'middle', patch: { own: { prompt: 'b', negative: 'n' } } },
      { id: 'right', patch: { own: { negative: 'm' } } },
    ]);
    expect(apply(texts, 'end').map(({ id }) => id)).toEqual(['right', 'middle', 'left']);
  });

  it('holds its last text for all that follow, also where that one leaves them alone', () => {
    expect(apply([{ prompt: 'a', skip: false }, { skip: true }])).toEqual([
      { id: 'left', patch: { own: { denoise: 0.2, prompt: 'a' } } },
      { id: 'middle', patch: { tick: false } },
      { id: 'right', patch: { tick: false } },
    ]);
  });

  it('says nothing of detections it has no words for', () => {
    expect(apply([{ skip: false }, { prompt: 'b', skip: false }]).map(({ id }) => id)).toEqual([
      'middle',
      'right',
    ]);
    expect(apply([])).toEqual([]);
  });
});
