import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { compare } from '../../src/dev/golden/compare.ts';
import { discover } from '../../src/dev/golden/discover.ts';
import { runFolder } from '../../src/dev/golden/run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DATA = join(ROOT, 'tests/golden/data');

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'luna-golden-'));
});
afterEach(() => rm(work, { recursive: true }));

/** The command itself, as `npm run golden --` starts it. */
function golden(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(ROOT, 'src/dev/golden.ts'), ...args],
    { encoding: 'utf8', cwd: ROOT },
  );
  return { status, stdout: stdout.trim().split('\n'), stderr };
}

async function copyOf(kind: string): Promise<string> {
  const dir = join(work, kind);
  await cp(join(DATA, kind), dir, { recursive: true });
  return dir;
}

/** Everything wrong with a folder: sentences and failed cases. */
async function problemsOf(dir: string): Promise<string[]> {
  const { folders, problems } = await discover(dir);
  const found = [...problems];
  for (const folder of folders) {
    const { cases, problem } = await runFolder(folder, new OrtNodeRuntime({ threads: 1 }));
    if (problem) found.push(problem);
    found.push(...cases.filter(({ pass }) => !pass).map(({ name }) => name));
  }
  return found;
}

describe('npm run golden', () => {
  it('prints one line per case and a total, and exits with 0', { timeout: 60_000 }, async () => {
    const { status, stdout } = golden(join(DATA, 'taesd'), await copyOf('torch_randn'));
    expect(stdout.slice(0, 2)).toEqual([
      expect.stringMatching(/^taesd\/encode\.latent maxAbs=\d\.\d\de-\d+ relRms=\d\.\d\de-\d+ PASS$/),
      expect.stringMatching(/^taesd\/decode\.image01_unclamped maxAbs=\S+ relRms=\S+ PASS$/),
    ]);
    expect(stdout.at(-1)).toMatch(/^\d+ passed, 0 failed$/);
    expect(status).toBe(0);
  });

  it('exits with 1 when one of several folders is not understood', { timeout: 60_000 }, async () => {
    await copyOf('taesd');
    await mkdir(join(work, 'mystery'));
    await writeFile(join(work, 'mystery/config.json'), '{"kind": "mystery"}');
    const { status, stdout, stderr } = golden(work);
    expect(stdout.at(-1)).toBe('2 passed, 1 failed');
    expect(stderr).toMatch(/"mystery" is of kind "mystery", which is not one of/);
    expect(status).toBe(1);
  });

  it('takes precision and type of the weights, and nothing it does not know', { timeout: 60_000 }, () => {
    const { status, stdout } = golden('--precision=f16', '--weights=BF16', join(DATA, 'taesd'));
    expect(stdout[0]).toMatch(/^taesd\/encode\.latent maxAbs=\d\.\d\de-[234] .* PASS$/);
    expect(status).toBe(0);
    for (const option of ['--precision=f8', '--speed=2'])
      expect(golden(option, DATA)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Usage') as string,
      });
  });

  it('exits with 1 when nothing was asked', { timeout: 60_000 }, () => {
    expect(golden()).toMatchObject({ status: 1, stderr: expect.stringContaining('Usage') as string });
  });
});

describe('a golden folder', () => {
  it('fails where a reference value was changed', async () => {
    const dir = await copyOf('taesd');
    const file = join(dir, 'outputs.safetensors');
    const bytes = await readFile(file);
    bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 2e-4, bytes.length - 4);
    await writeFile(file, bytes);
    expect(await problemsOf(dir)).toHaveLength(1);
  });

  it.each([
    ['taesd', 'taesdxl_decoder.safetensors'],
    ['clip_l', 'weights.safetensors'],
    ['clip_g', 'eps_probe_outputs.safetensors'],
    ['clip_vision', 'inputs.safetensors'],
    ['vae', 'eps_probe_weights.safetensors'],
    ['text_cond', 'outputs.safetensors'],
    ['e2e', 'inputs.safetensors'],
    ['lora', 'outputs.safetensors'],
  ])('of kind %s fails with a sentence without %s', async (kind, file) => {
    for (const part of ['clip_l', 'clip_g', 'clip_vision', 'vae', 'unet', 'ip_adapter'])
      if (kind === 'e2e' || kind === 'text_cond') await copyOf(part);
    const dir = await copyOf(kind);
    await rm(join(dir, file));
    expect(await problemsOf(dir)).toEqual([expect.stringMatching(`has no file ${file}`)]);
  });

  it('fails when its neighbour is missing', async () => {
    const dir = await copyOf('text_cond');
    expect(await problemsOf(dir)).toEqual([expect.stringMatching(/clip_l.*has no file/)]);
  });

  it.each([
    ['is empty', null],
    ['names no kind', '{}'],
    ['has a broken config', '{"kind": '],
    ['has a config that is a list', '[]'],
    ['names a kind of every object', '{"kind": "constructor"}'],
  ])('fails when it %s', async (_, config) => {
    const dir = join(work, 'odd');
    await mkdir(dir);
    if (config !== null) await writeFile(join(dir, 'config.json'), config);
    expect(await problemsOf(dir)).toHaveLength(1);
  });

  it('fails when there is no such folder', async () => {
    expect(await problemsOf(join(work, 'nowhere'))).toEqual([expect.stringContaining('not a folder')]);
  });

  it.each(['tokenizer', 'torch_randn', 'keymaps', 'noise_resample'])(
    'of kind %s is told by its files',
    async (kind) => {
      const dir = await copyOf(kind);
      await rm(join(dir, 'config.json'), { force: true });
      expect((await discover(dir)).folders).toMatchObject([{ kind }]);
    },
  );
});

describe('comparison', () => {
  const tensor = (...values: number[]) => ({ dims: [values.length], data: Float32Array.from(values) });

  it('passes up to the tolerance and not beyond', () => {
    expect(compare('x', tensor(1, 2.25), tensor(1, 2), 0.25)).toMatchObject({ maxAbs: 0.25, pass: true });
    expect(compare('x', tensor(1, 2.3), tensor(1, 2), 0.25).pass).toBe(false);
    expect(compare('x', tensor(0, 3), tensor(0, 4), 1).relRms).toBe(0.25);
  });

  it('scales errors by the reference where a README says so', () => {
    expect(compare('x', tensor(101), tensor(100), { maxAbs: 0.011, scaled: true }).pass).toBe(true);
    expect(compare('x', tensor(0.02), tensor(0), { maxAbs: 0.011, scaled: true }).pass).toBe(false);
  });

  it.each([
    ['a NaN before good values', tensor(NaN, 1), tensor(1, 1)],
    ['a NaN after good values', tensor(1, NaN), tensor(1, 1)],
    ['an infinity', tensor(Infinity, 1), tensor(1, 1)],
    ['infinities on both sides', tensor(Infinity), tensor(Infinity)],
    ['a NaN in the reference', tensor(1), tensor(NaN)],
    ['fewer values', tensor(1), tensor(1, 1)],
    ['another shape', { dims: [2, 1], data: [1, 1] }, { dims: [1, 2], data: [1, 1] }],
    ['no values at all', tensor(), tensor()],
  ])('fails on %s', (_, actual, expected) => {
    expect(compare('x', actual, expected, 1e9).pass).toBe(false);
  });
});
