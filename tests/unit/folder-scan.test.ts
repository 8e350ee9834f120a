import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { say, type Words } from '#domain/job/sentence.ts';
import { scanFolder, type FolderScan } from '#storage/scan-folder.ts';
import { FakeFile, folderHandle, type FakeEntries } from './folder-fakes.ts';

const said = (words: Words | undefined): string => say(words ?? '');

const file = (content = 'weights') => new FakeFile(content, 5);
const signal = new AbortController().signal;
const scan = (name: string, entries: FakeEntries) => scanFolder(folderHandle(name, entries), { signal });
const found = ({ files }: FolderScan) => files.map(({ path }) => path);

const comfyModels = (): FakeEntries => ({
  checkpoints: { 'base.safetensors': file(), sdxl: { 'deep.safetensors': file(), 'old.ckpt': file() } },
  loras: { 'l.SAFETENSORS': file() },
  vae: {},
  clip: {},
  text_encoders: { 'g.safetensors': file() },
  unet: {},
  diffusion_models: { 'u.sft': file() },
  clip_vision: { 'h.safetensors': file() },
  ipadapter: { 'plus.safetensors': file() },
  sams: { 'sam3.safetensors': file() },
  vae_approx: { 'taesdxl.safetensors': file() },
  upscale_models: { 'x4.pth': file() },
});

const COMFY_FOUND = [
  'checkpoints/base.safetensors',
  'checkpoints/sdxl/deep.safetensors',
  'clip_vision/h.safetensors',
  'diffusion_models/u.sft',
  'ipadapter/plus.safetensors',
  'loras/l.SAFETENSORS',
  'sams/sam3.safetensors',
  'text_encoders/g.safetensors',
  'vae_approx/taesdxl.safetensors',
];

describe('scanning a folder', () => {
  it('finds the weights of a ComfyUI folder, and nothing in what is not its models', async () => {
    const result = await scan('ComfyUI', {
      models: comfyModels(),
      output: { 'picture.safetensors': file() },
      input: { 'x.safetensors': file() },
      '.git': { 'x.safetensors': file() },
      venv: { 'x.safetensors': file() },
      node_modules: { 'x.safetensors': file() },
      custom_nodes: { pack: { models: { 'extra.safetensors': file() } } },
      'main.py': file(),
    });
    expect(result.layout).toBe('ComfyUI');
    expect(found(result)).toEqual([
      'custom_nodes/pack/models/extra.safetensors',
      ...COMFY_FOUND.map((line) => `models/${line}`),
    ]);
    expect(result.files[1]).toMatchObject({
      name: 'base.safetensors',
      folder: 'models/checkpoints',
      bytes: 7,
      lastModified: 5,
      set: null,
    });
    expect(result.refused.map(({ path }) => path)).toEqual([
      'models/checkpoints/sdxl/old.ckpt',
      'models/upscale_models/x4.pth',
    ]);
    expect(say(result.refused[0]!.sentence)).toContain('Convert it to .safetensors');
    expect(result.notices).toEqual([]);
  });

  it('finds the same when models/ itself is linked, and in an output folder that is not a program’s', async () => {
    const result = await scan('models', comfyModels());
    expect(result.layout).toBe('ComfyUI');
    expect(found(result)).toEqual(COMFY_FOUND);
    const trained = await scan('training', { output: { 'my-lora.safetensors': file() } });
    expect(trained.layout).toBe('folder');
    expect(found(trained)).toEqual(['output/my-lora.safetensors']);
  });

  it('knows A1111', async () => {
    const models = {
      'Stable-diffusion': { 'a.safetensors': file() },
      Lora: { 'b.safetensors': file() },
      VAE: { 'c.safetensors': file() },
      ESRGAN: { 'd.safetensors': file() },
      ControlNet: { 'e.safetensors': file() },
    };
    const result = await scan('webui', { models, embeddings: { 'n.safetensors': file() } });
    expect(result.layout).toBe('Stable diffusion web UI (A1111)');
    expect(found(result)).toEqual([
      'embeddings/n.safetensors',
      'models/ControlNet/e.safetensors',
      'models/ESRGAN/d.safetensors',
      'models/Lora/b.safetensors',
      'models/Stable-diffusion/a.safetensors',
      'models/VAE/c.safetensors',
    ]);
    expect((await scan('models', models)).layout).toBe('Stable diffusion web UI (A1111)');
  });

  const diffusers = (): FakeEntries => ({
    'model_index.json': file('{}'),
    unet: { 'config.json': file('{}'), 'diffusion_pytorch_model.safetensors': file() },
    vae: { 'config.json': file('{}'), 'diffusion_pytorch_model.safetensors': file() },
    text_encoder: { 'config.json': file('{}'), 'model.safetensors': file() },
    text_encoder_2: {
      'config.json': file('{}'),
      'model.safetensors.index.json': file('{}'),
      'model-00001-of-00002.safetensors': file(),
      'model-00002-of-00002.safetensors': file(),
    },
  });

  it('keeps the parts of a diffusers folder together, and explains split files', async () => {
    const result = await scan('stable-diffusion-xl', diffusers());
    expect(result.layout).toBe('diffusers');
    expect(found(result)).toEqual([
      'text_encoder/model.safetensors',
      'unet/diffusion_pytorch_model.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
    ]);
    expect(new Set(result.files.map(({ set }) => set))).toEqual(new Set(['.']));
    expect(result.refused.map(({ path }) => path)).toEqual(['text_encoder_2/model.safetensors.index.json']);
    expect(say(result.refused[0]!.sentence)).toContain('split into several');
    const parts = diffusers();
    delete parts['model_index.json'];
    const inside = await scan('models', { diffusers: { mine: parts }, loras: { 'l.safetensors': file() } });
    expect(inside.files.map(({ set }) => set)).toEqual([
      'diffusers/mine',
      'diffusers/mine',
      'diffusers/mine',
      null,
    ]);
  });

  it('ends with a sentence when the permission is withdrawn on the way', async () => {
    const models = comfyModels();
    const gone = folderHandle('ComfyUI', { models });
    const withdrawn = file();
    withdrawn.failure = 'NotAllowedError';
    (models['loras'] as FakeEntries)['l.SAFETENSORS'] = withdrawn;
    await expect(scanFolder(gone, { signal })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('Allow reading it') as string,
    });
  });

  it('passes over one file that vanished', async () => {
    const vanished = file();
    vanished.failure = 'NotFoundError';
    const result = await scan('loras', { 'a.safetensors': vanished, 'b.safetensors': file() });
    expect(found(result)).toEqual(['b.safetensors']);
    expect(said(result.notices[0])).toContain('a.safetensors');
  });

  it('stops when it is told to, and says how far it is', async () => {
    const controller = new AbortController();
    const progress: number[] = [];
    const stopped = scanFolder(folderHandle('ComfyUI', { models: comfyModels() }), {
      signal: controller.signal,
      onProgress: ({ folders }) => {
        progress.push(folders);
        if (folders === 3) controller.abort(new Error('stop'));
      },
    });
    await expect(stopped).rejects.toThrow('stop');
    expect(progress).toEqual([1, 2, 3]);
  });
});

describe('extra_model_paths.yaml of a linked folder', () => {
  const yaml = (text: string) => ({ 'extra_model_paths.yaml': file(text) });

  it('tells what folders with other names hold, relative and absolute', async () => {
    const result = await scan('ComfyUI', {
      models: comfyModels(),
      big: { 'x.safetensors': file() },
      output: { trained: { 'y.safetensors': file() } },
      ...yaml(
        'a:\n  base_path: /home/me/ComfyUI\n  loras: output/trained\nb:\n  clip_vision: big\n' +
          'c:\n  base_path: ../comfyui/\n  vae: models/vae\n',
      ),
    });
    expect(found(result)).toContain('big/x.safetensors');
    expect(found(result)).toContain('output/trained/y.safetensors');
    expect(found(result).filter((line) => line.startsWith('models/'))).toHaveLength(COMFY_FOUND.length);
    expect(result.notices).toEqual([]);
  });

  it('says which folders to link too', async () => {
    const { notices } = await scan('ComfyUI', {
      models: comfyModels(),
      ...yaml(
        'a:\n  base_path: D:\\webui\n  loras: |\n    models/Lora\n    ../../up\n  vae: /srv/ComfyUI/nope',
      ),
    });
    expect(notices).toHaveLength(3);
    expect(said(notices[0])).toContain('"D:\\webui/models/Lora"');
    expect(said(notices[0])).toContain('link that folder too');
  });

  it('that cannot be read is a notice, and the rest is found', async () => {
    const huge = new FakeFile(new Uint8Array(5 * 2 ** 20).fill(32));
    for (const bad of [file('a: ['), huge]) {
      const result = await scan('ComfyUI', { models: comfyModels(), 'extra_model_paths.yaml': bad });
      expect(result.files).toHaveLength(COMFY_FOUND.length);
      expect(said(result.notices[0])).toContain('"extra_model_paths.yaml" was not used');
    }
  });

  it('cannot lead out of the folder or round in circles', async () => {
    const part = fc.constantFrom('..', '.', 'ComfyUI', 'models', 'loras', '', '~', 'C:', '__proto__');
    const path = fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(path, fc.array(path, { minLength: 1, maxLength: 5 }), async (base, paths) => {
        const text = JSON.stringify({ s: { base_path: base, loras: paths.join('\n') } });
        const result = await scan('ComfyUI', { models: comfyModels(), ...yaml(text) });
        const unique = new Set(result.files.map(({ path }) => path));
        expect(unique.size).toBe(result.files.length);
        expect(result.files).toHaveLength(COMFY_FOUND.length);
      }),
      { numRuns: 200 },
    );
  });
});

describe('limits of a scan', () => {
  const limits = { depth: 4, entries: 60, files: 20 };

  it('end a folder that holds itself', async () => {
    const loop: FakeEntries = { 'a.safetensors': file() };
    loop['again'] = loop;
    loop['once more'] = loop;
    const result = await scanFolder(folderHandle('loop', loop), { signal, limits });
    expect(result.files.length).toBeGreaterThan(0);
    expect(result.notices.map(said).join(' ')).toMatch(/too many files|too deeply/);
    const deep = await scanFolder(folderHandle('loop', { a: { b: { c: { d: { e: { f: {} } } } } } }), {
      signal,
      limits,
    });
    expect(said(deep.notices[0])).toContain('too deeply');
  });

  it('hold for any tree, and what is found is there', async () => {
    const { tree } = fc.letrec((tie) => ({
      name: fc.constantFrom(
        'a',
        'b',
        'models',
        'output',
        '.hidden',
        '__proto__',
        'unet',
        'vae',
        'text_encoder',
      ),
      entry: fc.oneof(
        { maxDepth: 6 },
        fc.constant(new FakeFile('x')),
        tie('tree') as fc.Arbitrary<FakeEntries>,
      ),
      tree: fc.dictionary(
        fc.constantFrom(
          'a.safetensors',
          'b.ckpt',
          'a',
          'models',
          '.hidden',
          '__proto__',
          'unet',
          'vae',
          'output',
        ),
        tie('entry') as fc.Arbitrary<FakeFile | FakeEntries>,
        { maxKeys: 6, noNullPrototype: false },
      ) as fc.Arbitrary<FakeEntries>,
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (entries) => {
        const result = await scanFolder(folderHandle('root', entries), { signal, limits });
        expect(result.files.length).toBeLessThanOrEqual(limits.files);
        for (const { path } of result.files) {
          const parts = path.split('/');
          expect(parts.length).toBeLessThanOrEqual(limits.depth + 1);
          const at = parts.reduce<FakeFile | FakeEntries>((e, part) => (e as FakeEntries)[part]!, entries);
          expect(at).toBeInstanceOf(FakeFile);
        }
      }),
      { numRuns: 300 },
    );
  });
});
