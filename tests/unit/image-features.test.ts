import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import type { EncodedImage, Segmenter } from '#pipelines/services.ts';
import { testPicture } from './pipelines-fakes.ts';

const PICTURE = testPicture(8, 8);

/** Counts what is encoded and freed; each encoding waits for the next of `gates`, if there is one. */
class CountingSegmenter implements Segmenter {
  encoded = 0;
  disposed = 0;
  readonly gates: Promise<void>[] = [];

  async encodeImage(): Promise<EncodedImage> {
    this.encoded++;
    await this.gates.shift();
    return {
      bytes: 10,
      pick: () => Promise.reject(new Error('nobody clicks here')),
      detect: () => Promise.resolve({ presence: 0, detections: [], readAs: null }),
      dispose: () => void this.disposed++,
    };
  }
}

const nothing = () => Promise.resolve();

describe('features of a picture', () => {
  it('are made once, also when two ask at the same time, and say when they were there', async () => {
    const segmenter = new CountingSegmenter();
    const features = new ImageFeatures();
    const use = () => features.use({ image: PICTURE, segmenter }, (_, ms) => Promise.resolve(ms));
    await Promise.all([use(), use()]);
    expect(await use()).toBe(0);
    expect([segmenter.encoded, segmenter.disposed]).toEqual([1, 0]);
  });

  it('are made again for other pixels and for another model, and freed before', async () => {
    const [segmenter, other] = [new CountingSegmenter(), new CountingSegmenter()];
    const features = new ImageFeatures();
    await features.use({ image: PICTURE, segmenter }, nothing);
    await features.use({ image: testPicture(8, 8), segmenter }, nothing);
    expect([segmenter.encoded, segmenter.disposed]).toEqual([2, 1]);
    await features.use({ image: PICTURE, segmenter: other }, nothing);
    expect([segmenter.disposed, other.encoded, other.disposed]).toEqual([2, 1, 0]);
    features.clear();
    expect(other.disposed).toBe(1);
  });

  it('stay until their last use has ended, even when they are no longer wanted', async () => {
    const segmenter = new CountingSegmenter();
    const features = new ImageFeatures();
    await features.use({ image: PICTURE, segmenter }, () => {
      features.clear();
      expect(segmenter.disposed).toBe(0);
      return Promise.resolve();
    });
    expect(segmenter.disposed).toBe(1);
  });

  it('of a job that was stopped while encoding are made by the next one', async () => {
    const segmenter = new CountingSegmenter();
    segmenter.gates.push(Promise.reject(new AppError('aborted', 'Stopped.')));
    const features = new ImageFeatures();
    const first = features.use({ image: PICTURE, segmenter }, nothing);
    const second = features.use({ image: PICTURE, segmenter }, nothing);
    await expect(first).rejects.toThrow('Stopped');
    await second;
    expect(segmenter.encoded).toBe(2);
  });

  it('do not survive a failed run, whose network may have taken them along; a stop leaves them', async () => {
    const segmenter = new CountingSegmenter();
    const features = new ImageFeatures();
    const fails = (error: unknown) =>
      expect(features.use({ image: PICTURE, segmenter }, () => Promise.reject(error))).rejects.toBe(error);
    await fails(new AppError('aborted', 'Stopped.'));
    await fails(new AppError('bad-request', 'No.'));
    await features.use({ image: PICTURE, segmenter }, nothing);
    expect([segmenter.encoded, segmenter.disposed]).toEqual([1, 0]);
    for (const code of ['gpu-lost', 'gpu-out-of-memory', 'internal'] as const)
      await fails(new AppError(code, 'Broken.'));
    expect([segmenter.encoded, segmenter.disposed]).toEqual([3, 3]);
  });
});
