import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { discover } from '../../src/dev/golden/discover.ts';
import { runFolder } from '../../src/dev/golden/run.ts';

const { folders, problems } = await discover(fileURLToPath(new URL('data', import.meta.url)));

/** Every kind of reference data the repository carries; a folder that vanishes must not pass silently. */
const KINDS = [
  'clip_g',
  'clip_l',
  'clip_preprocess',
  'clip_vision',
  'e2e',
  'ip_adapter',
  'ip_adapter_base',
  'keymaps',
  'lora',
  'noise_resample',
  'sam3',
  'sampler',
  'taesd',
  'text_cond',
  'tokenizer',
  'torch_randn',
  'unet',
  'vae',
];

describe('reference data', () => {
  it('is complete', () => {
    expect(problems).toEqual([]);
    expect(folders.map(({ kind }) => kind).sort()).toEqual(KINDS);
  });

  for (const folder of folders)
    it(`${folder.kind} agrees`, { timeout: 300_000 }, async () => {
      const { cases, problem } = await runFolder(folder, new OrtNodeRuntime());
      expect(problem).toBeNull();
      expect(cases.filter(({ pass }) => !pass)).toEqual([]);
      expect(cases.length).toBeGreaterThan(0);
    });
});

describe('the plain form of attention', () => {
  for (const kind of ['clip_l', 'clip_g', 'clip_vision', 'e2e'])
    it(`${kind} agrees`, { timeout: 300_000 }, async () => {
      const folder = folders.find((candidate) => candidate.kind === kind);
      const { cases, problem } = await runFolder(folder!, new OrtNodeRuntime({ attention: 'plain' }));
      expect(problem).toBeNull();
      expect(cases.filter(({ pass }) => !pass)).toEqual([]);
    });
});

describe('networks of 16 bits', () => {
  it('lora agrees', { timeout: 300_000 }, async () => {
    const folder = folders.find(({ kind }) => kind === 'lora');
    const { cases, problem } = await runFolder(folder!, new OrtNodeRuntime({ dtype: 'f16' }));
    expect(problem).toBeNull();
    expect(cases.filter(({ pass }) => !pass)).toEqual([]);
  });
});
