import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelCosts } from '#domain/plan/costs.ts';
import { usableBytes, type DeviceFacts } from '#domain/plan/device.ts';
import { NOTHING_LEARNT } from '#domain/plan/learnt.ts';
import { planMemory, stepDown, type Plan, type Planned, type PlanWish } from '#domain/plan/plan.ts';
import { modelCosts } from '#pipelines/costs.ts';
import { demoModels, realModels } from './plan-models.ts';

const GIB = 2 ** 30;
const WISH: PlanWish = { cropPx: 1024, batchLimit: 4 };
const card = (gib: number, overrides: Partial<DeviceFacts> = {}): DeviceFacts => ({
  kind: 'gpu',
  budgetBytes: gib * GIB,
  maxBufferBytes: 4 * GIB,
  maxBindingBytes: 2 * GIB,
  shaderF16: true,
  ...overrides,
});

/** [UNet bits, other bits, residency, tile, recorded, crops at once]: a plan at a glance. */
function glance(planned: Planned) {
  if (!planned.ok) return planned.refusal;
  const { unet, others, residency, codecTilePx, capture, batchItems } = planned.plan;
  return [unet.linearBits, others.linearBits, residency, codecTilePx, capture, batchItems];
}

function accepted(planned: Planned): Plan {
  if (!planned.ok) throw new Error(String(planned.refusal));
  return planned;
}

let f16: ModelCosts;
let f32: ModelCosts;
let demo: ModelCosts;
beforeAll(async () => {
  f16 = modelCosts(realModels(), { dtype: 'f16', attention: 'fused' });
  f32 = modelCosts(realModels(), { dtype: 'f32', attention: 'fused' });
  demo = modelCosts(await demoModels(), { dtype: 'f32', attention: 'plain' });
});

describe('plans for SDXL, IP-Adapter plus, ViT-H and SAM 3 by the card’s memory', () => {
  it.each([
    [24, [null, null, 'all', 512, true, 4]],
    [16, [null, null, 'all', 512, false, 4]],
    [12, [null, null, 'sampler', 512, true, 1]],
    [8, [null, null, 'sampler', 384, false, 1]],
    [6, [8, 8, 'sampler', 384, false, 1]],
    [4, [4, 8, 'sampler', 256, false, 1]],
  ])('%i GB with 16-bit shaders', (gib, expected) => {
    const planned = planMemory(f16, card(gib), WISH);
    expect(glance(planned)).toEqual(expected);
    expect(accepted(planned).plan.unet.dtype).toBe('f16');
  });

  it.each([
    [24, [null, null, 'all', 512, false, 2]],
    [16, [null, null, 'sampler', 512, true, 1]],
    [12, [8, 8, 'sampler', 512, true, 1]],
    [8, [8, 8, 'sampler', 512, false, 2]],
    [6, [8, 8, 'sampler', 256, false, 1]],
  ])('%i GB without them', (gib, expected) => {
    const planned = planMemory(f32, card(gib, { shaderF16: false }), WISH);
    expect(glance(planned)).toEqual(expected);
    expect(accepted(planned).plan.unet.dtype).toBe('f32');
  });

  it.each([
    [24, [null, null, 'all', 512, true, 2.25]],
    [16, [null, null, 'all', 512, false, 2.25]],
    [12, [null, null, 'sampler', 512, false, 2.25]],
    [8, [8, 8, 'sampler', 512, false, 2.25]],
    [6, [4, 8, 'sampler', 512, false, 2.25]],
  ])('%i GB with crops of 1536 px', (gib, expected) => {
    expect(glance(planMemory(f16, card(gib), { ...WISH, cropPx: 1536 }))).toEqual(expected);
  });

  it.each([4, 6, 8, 12, 16, 24])('stays within what %i GB can give, in every phase', (gib) => {
    const { peakBytes, phases } = accepted(planMemory(f16, card(gib), WISH));
    expect(peakBytes).toBeLessThanOrEqual(usableBytes(card(gib), NOTHING_LEARNT));
    expect(Math.max(...phases.map(({ bytes }) => bytes))).toBe(peakBytes);
  });

  it('loads each network only while it runs where nothing else fits', () => {
    expect(glance(planMemory(f16, card(3.5), WISH))).toEqual([4, 4, 'one', 384, false, 1]);
  });

  it('never asks for more at once than the user allows', () => {
    expect(accepted(planMemory(f16, card(24), { ...WISH, batchLimit: 1 })).plan.batchItems).toBe(1);
  });

  it('makes room for the sampler and one helper beside it, so that neither is loaded twice in a batch', () => {
    const { plan } = accepted(planMemory(f16, card(8), WISH));
    const step = f16.step[1024].weightBytes.plain + f16.codec[1024][384].weightBytes.plain;
    expect(plan.residentBytes).toBe(step + f16.anchor!.weightBytes.plain);
  });

  it('leaves room for what a recorded step keeps while the autoencoder runs', () => {
    const { plan, phases } = accepted(planMemory(f16, card(12), WISH));
    const codec = phases.find(({ name }) => name === 'codec')!;
    expect(codec.bytes).toBeGreaterThan(
      f16.step[1024].weightBytes.plain + plan.batchBudgetBytes + f16.codec[1024][512].runBytes,
    );
  });

  it('says it in plain words', () => {
    const { phases } = accepted(planMemory(f16, card(8), WISH));
    const said = phases.map(({ sentence }) => String(sentence));
    expect(said).toContain(
      'Re-painting: 4.5 GB of weights in 16 bit, 1.2 GB for each crop, one crop at a time.',
    );
    expect(said).toContain(
      'Pictures to latents and back: 0.3 GB of weights, 1.8 GB for each tile of up to 384 px.',
    );
    expect(said).toContain(
      'Looking at crops for their anchors: 1.4 GB of weights in 16 bit, 22 MB while it runs, unloaded afterwards.',
    );
    expect(said).toHaveLength(6);
    const roomy = accepted(planMemory(f16, card(24), WISH)).phases.map(({ sentence }) => String(sentence));
    expect(roomy.filter((sentence) => sentence.endsWith(', stays loaded.'))).toHaveLength(4);
    expect(roomy.join()).toContain('for each crop, 4 crops at once.');
  });
});

const refusal = (planned: Planned) =>
  planned.ok ? null : [String(planned.refusal), String(planned.nearest)];

describe('refusals', () => {
  it.each([
    [
      'crops too large',
      () => planMemory(f16, card(4), { ...WISH, cropPx: 1536 }),
      'Re-painting needs 4.4 GB even with everything made as small as possible, and this graphics card has 3.4 GB for it.',
      'It fits with crops of 1024 px.',
    ],
    [
      'a card too small for 32 bit',
      () => planMemory(f32, card(4, { shaderF16: false }), WISH),
      'Re-painting needs 4 GB even with everything made as small as possible, and this graphics card has 3.4 GB for it.',
      'These models fit a graphics card with 6 GB. The demo models run on this device.',
    ],
    [
      'no card at all',
      () => planMemory(f32, card(64, { kind: 'cpu' }), WISH),
      expect.stringMatching(
        /^These models need 22\.\d GB in 32 bit\. Without a graphics card a tab has 3\.8 GB for them\.$/,
      ) as string,
      'These models fit a graphics card with 6 GB. The demo models run on this device.',
    ],
    [
      'a tensor larger than any buffer',
      () => planMemory(f16, card(24, { maxBindingBytes: 32 * 2 ** 20 }), WISH),
      'Finding objects needs 85 MB in one piece, and this graphics card allows 34 MB.',
      'The demo models run on this device.',
    ],
  ] as const)('%s', (_, plan, reason, nearest) => {
    expect(refusal(plan())).toEqual([reason, nearest]);
  });

  it('advises to do without detection where that alone is too large', () => {
    const heavy = { ...f16, segment: { ...f16.segment!, runBytes: 20e9 } };
    expect(refusal(planMemory(heavy, card(8), WISH))?.[1]).toBe(
      'It fits without the model that finds objects: mark them by hand.',
    );
  });
});

describe('limits on one buffer', () => {
  it('cuts the autoencoder’s tiles and the batch where a binding holds 200 MiB', () => {
    const planned = planMemory(
      f16,
      card(24, { maxBindingBytes: 200 * 2 ** 20, maxBufferBytes: 2 ** 28 }),
      WISH,
    );
    expect(glance(planned)).toEqual([null, null, 'sampler', 384, true, 1]);
  });

  it('refuses a weight larger than a buffer, not one larger than a binding', () => {
    const heavy = { ...f16, text: { ...f16.text, largestWeightBytes: 1e9 } };
    const plan = (maxBufferBytes: number) =>
      planMemory(heavy, card(24, { maxBindingBytes: 5e8, maxBufferBytes }), WISH);
    expect(plan(1e9).ok).toBe(true);
    expect(refusal(plan(1e9 - 1))?.[0]).toBe(
      'Reading prompts needs 1 GB in one piece, and this graphics card allows 1 GB.',
    );
  });
});

describe('the demo models', () => {
  it.each([
    ['cpu', 2],
    ['cpu', 4],
    ['gpu', 4],
    ['gpu', 24],
  ] as const)('fit on %s with %i GB, in full precision and all loaded', (kind, gib) => {
    const least = { maxBufferBytes: 2 ** 28, maxBindingBytes: 2 ** 27, shaderF16: false };
    const { plan } = accepted(planMemory(demo, card(gib, { kind, ...least }), WISH));
    expect(plan).toMatchObject({ unet: { dtype: 'f32', linearBits: null }, residency: 'all' });
  });

  it('go one crop at a time on the CPU, where a larger batch only delays Stop', () => {
    const { plan } = accepted(planMemory(demo, card(4, { kind: 'cpu' }), WISH));
    expect(plan).toMatchObject({ batchItems: 1, capture: false });
  });
});

describe('stepping down', () => {
  it('goes from every card’s plan to ever smaller ones, and ends in a refusal', () => {
    for (const gib of [4, 6, 8, 12, 16, 24]) {
      let planned = accepted(planMemory(f16, card(gib), WISH));
      let learnt = NOTHING_LEARNT;
      for (let steps = 0; ; steps++) {
        expect(steps).toBeLessThan(12);
        const next = stepDown(planned.plan, f16, card(gib), WISH, learnt);
        learnt = next.learnt;
        if (!next.planned.ok) break;
        expect(next.planned.peakBytes).toBeLessThan(planned.peakBytes);
        planned = next.planned;
      }
      expect(planned.plan.unet.linearBits).toBe(4);
    }
  });

  it('stays clearly below what failed with a single crop, and keeps the rest as good as it can', () => {
    const { planned } = stepDown(accepted(planMemory(f16, card(8), WISH)).plan, f16, card(8), WISH);
    expect(glance(planned)).toEqual([8, 8, 'sampler', 384, false, 2]);
  });
});
