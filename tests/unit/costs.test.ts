import { beforeAll, describe, expect, it } from 'vitest';
import { CODEC_TILES, type ModelCosts } from '#domain/plan/costs.ts';
import { modelCosts } from '#pipelines/costs.ts';
import { demoModels, realModels } from './plan-models.ts';

const GB = 1e9;
const gb = (bytes: number) => Math.round(bytes / 1e7) / 100;

describe('costs of the real models', () => {
  let costs: ModelCosts;
  beforeAll(() => {
    costs = modelCosts(realModels(), { dtype: 'f16', attention: 'fused' });
  });

  it('has the weights of the specification (sdxl.md J, sam3.md 0.2)', () => {
    // CLIP-L without its last layer; the token tables, 0.2 GB, stay on the host.
    // ViT-H without its last layer and projection, with the image projection.
    expect({
      text: gb(costs.text.weightBytes.plain),
      anchor: gb(costs.anchor!.weightBytes.plain),
      conditioning: gb(costs.conditioning.weightBytes.plain),
      step: gb(costs.step[1024].weightBytes.plain),
      codec: gb(costs.codec[1024][512].weightBytes.plain),
      segment: gb(costs.segment!.weightBytes.plain),
    }).toEqual({ text: 1.42, anchor: 1.39, conditioning: 1.36, step: 4.45, codec: 0.33, segment: 1.62 });
  });

  it('counts SAM 3’s predictor where the file has one: its neck, and its decoder with and without a mask prompt', () => {
    const { sam3 } = realModels();
    const detector = { ...sam3!, config: { ...sam3!.config, tracker: null } };
    const without = modelCosts({ ...realModels(), sam3: detector }, { dtype: 'f16', attention: 'fused' });
    const bytes = costs.segment!.weightBytes.plain - without.segment!.weightBytes.plain;
    // sam3.md 1.2: 13.9 MB, and twice 8.4 MB.
    expect(bytes / 1e6).toBeGreaterThan(30);
    expect(bytes / 1e6).toBeLessThan(31.5);
    expect(costs.segment!.runBytes).toBeGreaterThan(without.segment!.runBytes);
  });

  it('feeds 31 MB of keys and values per row: 83 200 channels, 77 and 16 tokens', () => {
    const keysAndValues = 83_200 * (77 + 16) * 2 * 2;
    expect(costs.step[1024].feedBytes).toBeGreaterThan(keysAndValues);
    expect(costs.step[1024].feedBytes).toBeLessThan(keysAndValues * 1.01);
    expect(costs.conditioning.runBytes).toBeGreaterThan(keysAndValues);
  });

  it('grows with the crop as its area, and has no quadratic tensor where attention is fused', () => {
    const grown = costs.step[1536].largestBytes / costs.step[1024].largestBytes;
    expect(grown).toBeCloseTo(2.25, 3);
    expect(costs.step[1536].weightBytes).toEqual(costs.step[1024].weightBytes);
  });

  it('takes less for smaller tiles of the autoencoder, whatever the crop', () => {
    const runs = CODEC_TILES.map((tile) => costs.codec[1536][tile].runBytes / GB);
    expect(runs.map((run) => Math.round(run * 10) / 10)).toEqual([2.7, 1.7, 0.7]);
    expect(costs.codec[1024]).toEqual(costs.codec[1536]);
  });

  it('doubles weights in 32 bit, but not those of the autoencoder, which always has them', () => {
    const wide = modelCosts(realModels(), { dtype: 'f32', attention: 'fused' });
    expect(wide.step[1024].weightBytes.plain / costs.step[1024].weightBytes.plain).toBeCloseTo(2, 3);
    expect(wide.step[1024].runBytes).toBeGreaterThan(costs.step[1024].runBytes * 1.2);
    expect(wide.codec).toEqual(costs.codec);
  });

  it('counts what attention in its plain form takes more: SAM 3’s score chunks of 96 MB', () => {
    const plain = modelCosts(realModels(), { dtype: 'f16', attention: 'plain' });
    expect(plain.segment!.largestBytes).toBe(16 * 576 * 5184 * 2);
    expect(plain.segment!.runBytes).toBeGreaterThan(costs.segment!.runBytes * 1.5);
  });

  it('leaves out what is not there', () => {
    const { anchor, segment } = modelCosts(
      { ...realModels(), anchor: null, sam3: null },
      { dtype: 'f16', attention: 'fused' },
    );
    expect([anchor, segment]).toEqual([null, null]);
  });
});

describe('costs of the demo models', () => {
  it('are small, and the TAESD takes a crop in one piece', async () => {
    const costs = modelCosts(await demoModels(), { dtype: 'f32', attention: 'plain' });
    const weights = [costs.text, costs.anchor!, costs.conditioning, costs.step[1024], costs.segment!];
    expect(weights.reduce((sum, { weightBytes }) => sum + weightBytes.plain, 0)).toBeLessThan(40e6);
    expect(costs.codec[1024][256]).toEqual(costs.codec[1024][512]);
    expect(costs.codec[1536][512].largestBytes / costs.codec[1024][512].largestBytes).toBe(2.25);
  });
});
