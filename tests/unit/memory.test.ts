import { describe, expect, it } from 'vitest';
import { ALLOCATOR_FACTOR } from '#domain/plan/allocator.ts';
import { GraphBuilder } from '#models/graph/builder.ts';
import { graphMemory } from '#models/graph/memory.ts';
import { add, linear, reshape, silu } from '#models/graph/ops.ts';
import { recipeDims } from '#models/graph/weight-recipe.ts';
import { readUnetConfig } from '#models/sdxl/unet-config.ts';
import { unetStepGraph } from '#models/sdxl/unet.ts';
import { vaeConfig, vaeDecoderGraph } from '#models/sdxl/vae.ts';
import { vaeView } from '#models/sdxl/vae-naming.ts';
import { keyShapes, realUnet } from './unet-keymaps.ts';

const MIB = 2 ** 20;
const NO_WEIGHTS = new Map<string, readonly number[]>();

describe('memory of a graph', () => {
  it('counts what is alive together: inputs apart, outputs to the end, reshapes as the same memory', () => {
    const g = new GraphBuilder('net', NO_WEIGHTS);
    const x = g.input('x', ['N', 100]);
    const a = silu(g, x);
    const b = silu(g, reshape(g, a, ['N', 10, 10]));
    g.output('y', add(g, b, b));
    const memory = graphMemory(g.build(), { N: 2 });
    // Three tensors of 2×100 floats: fewer than one submit's worth of nodes, so none is free before the end.
    expect(memory).toMatchObject({ inputBytes: 800, peakBytes: 2400, largestBytes: 800 });
  });

  it('gives memory back only at a submit, every sixteenth dispatch', () => {
    const chain = (length: number) => {
      const g = new GraphBuilder('chain', NO_WEIGHTS);
      let x = g.input('x', ['N', 256]);
      for (let i = 0; i < length; i++) x = silu(g, x);
      g.output('y', x);
      return graphMemory(g.build(), { N: 1 }).peakBytes / 1024;
    };
    expect([chain(1), chain(16), chain(17), chain(100)]).toEqual([1, 16, 16, 17]);
  });

  it('counts weights once, tables with them', () => {
    const g = new GraphBuilder('linear', new Map([['w', [64, 256]]]), 'f16');
    const x = g.input('x', ['N', 4, 256]);
    g.output('y', add(g, linear(g, x, 'w'), linear(g, add(g, x, g.scalar(1)), 'w')));
    const { weightBytes, largestWeightBytes } = graphMemory(g.build(), { N: 3 });
    expect(largestWeightBytes).toBe(64 * 256 * 2);
    expect(weightBytes - largestWeightBytes).toBeGreaterThan(0);
    expect(weightBytes - largestWeightBytes).toBeLessThan(100);
  });

  it.each([
    // 2 blocks of 128 codes and a scale per row; 8 blocks of 16 bytes and a scale.
    [8, 256, 512 * 2 * (128 + 2)],
    [4, 256, 512 * 8 * (16 + 2)],
    // Not whole blocks, or too small to be worth it.
    [8, 192, 512 * 192 * 2],
    [4, 64, 512 * 64 * 2],
  ] as const)('knows what %i bits make of [512,%i]', (bits, inner, bytes) => {
    const g = new GraphBuilder('linear', new Map([['w', [512, inner]]]), 'f16');
    g.output('y', linear(g, g.input('x', ['N', inner]), 'w'));
    expect(graphMemory(g.build(), { N: 1 }).packedBytes[bits]).toBe(bytes);
  });

  it('refuses an axis whose size nobody gave', () => {
    const g = new GraphBuilder('net', NO_WEIGHTS);
    g.output('y', silu(g, g.input('x', ['N', 4])));
    expect(() => graphMemory(g.build(), {})).toThrow('the size of axis "N" is not known');
  });
});

describe('memory of the real networks', () => {
  const unet = realUnet();
  const config = readUnetConfig(unet);
  const step = (side: number, N: number, dtype: 'f32' | 'f16' = 'f16', linearBits: 8 | 4 | null = null) => {
    const options = { height: side, width: side, tokens: 77, attention: 'fused', dtype, linearBits } as const;
    return graphMemory(unetStepGraph(unet, config, options), { N });
  };
  const file = keyShapes('sdxl_checkpoint_keys.json');
  const vae = new Map(
    [...(vaeView(file) ?? [])].map(([key, recipe]) => [key, recipeDims(recipe, file, 'VAE')]),
  );
  const decoder = (px: number) => {
    const size = { height: px / 8, width: px / 8, dtype: 'f32' as const };
    return graphMemory(vaeDecoderGraph(vae, vaeConfig(vae), size), { N: 1 });
  };

  it('has the weights the specification counts: 4.45 GB plain; 8 and 4 bit as in its table, less keys and values', () => {
    const { weightBytes, packedBytes } = step(128, 1);
    expect(weightBytes / 1e9).toBeCloseTo(4.45, 2);
    // 2801 and 1836 MiB in the table hold 340.8 M weights of keys and values, which are not in the step graph.
    expect(packedBytes[8] / MIB).toBeCloseTo(2801 - (340.8e6 * (1 + 2 / 128)) / MIB, -1);
    expect(packedBytes[4] / MIB).toBeCloseTo(1836 - (340.8e6 * (0.5 + 2 / 32)) / MIB, -1);
  });

  it.each([8, 4] as const)('foretells the weights of the graph emitted with %i bits', (bits) => {
    const packed = step(64, 1, 'f16', bits);
    const foretold = step(64, 1).packedBytes[bits];
    expect(Math.abs(packed.weightBytes - foretold) / foretold).toBeLessThan(1e-4);
    expect(packed.peakBytes).toBeLessThan(step(64, 1).peakBytes * 1.1);
  });

  /** The measured graph was all f16; ours normalises in f32, so half the f32 graph is its likeness. */
  const measuredUnet = (side: number) => step(side, 1, 'f32').peakBytes / 2 / MIB;

  it('brackets the measured activations of the UNet: 352 MiB releasing, 609 to 703 keeping', () => {
    const peak = measuredUnet(128);
    expect(peak * ALLOCATOR_FACTOR.releasing).toBeGreaterThan(352);
    expect(peak * ALLOCATOR_FACTOR.releasing).toBeLessThan(352 * 1.1);
    expect(peak * ALLOCATOR_FACTOR.keeping).toBeGreaterThan(703);
    expect(peak * ALLOCATOR_FACTOR.keeping).toBeLessThan(703 * 1.1);
  });

  it('agrees with the measurement at 512²: 177 to 195 MiB keeping', () => {
    const estimate = measuredUnet(64) * ALLOCATOR_FACTOR.keeping;
    expect(estimate).toBeGreaterThan(177);
    expect(estimate).toBeLessThan(195);
  });

  it('is linear in the batch; a 16-bit graph takes half of a 32-bit one and what it normalises in 32 bit', () => {
    const one = step(128, 1).peakBytes;
    const wide = step(128, 1, 'f32').peakBytes;
    expect(step(128, 4).peakBytes).toBe(4 * one);
    expect(one).toBeGreaterThanOrEqual(wide / 2);
    expect(one).toBeLessThan(wide);
  });

  it.each([
    [512, 1.7e9, 2.6e9],
    [1024, 8.2e9, 10.9e9],
  ])('puts a VAE decode of %i px between the measured figures and a tenth more', (px, least, most) => {
    const estimate = decoder(px).peakBytes;
    expect(estimate).toBeGreaterThan(least);
    expect(estimate).toBeLessThan(most * 1.1);
  });

  it('finds the VAE’s 1 GiB tensor at 1024 px and 256 MiB at 512', () => {
    expect([decoder(1024).largestBytes / MIB, decoder(512).largestBytes / MIB]).toEqual([1024, 256]);
  });
});
