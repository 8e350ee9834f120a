import { describe, expect, it } from 'vitest';
import type { ShapeTable } from '#models/graph/weight-recipe.ts';
import { say } from '#domain/job/sentence.ts';
import { recogniseModel } from '#models/recognise.ts';
import { keymap, keyShapes } from './unet-keymaps.ts';

const PREFIX = 'model.diffusion_model.';
const checkpoint = () => keyShapes('sdxl_checkpoint_keys.json');
const onlyUnet = () => new Map([...checkpoint()].filter(([key]) => key.startsWith(PREFIX)));
const shapes = (...keys: string[]) => new Map(keys.map((key) => [key, [1] as readonly number[]]));
const edited = (key: string, dims: readonly number[]) => checkpoint().set(PREFIX + key, dims);

/** What a file is, its sentence in English. */
function told(shapes: ShapeTable): object {
  const model = recogniseModel(shapes);
  return { ...model, sentence: say(model.sentence) };
}

describe('recogniseModel', () => {
  it('knows a complete SDXL checkpoint', () => {
    expect(told(checkpoint())).toMatchObject({
      kind: 'sdxl',
      naming: 'ldm',
      prediction: 'eps',
      codec: 'vae',
      text: [{ which: 'clip-l' }, { which: 'clip-g' }],
      sentence: 'A complete SDXL checkpoint.',
    });
  });

  it('knows a UNet alone in both namings and says what else is needed', () => {
    const names = keymap<Record<string, string>>('unet_ldm_to_diffusers.json');
    const diffusers = new Map([...onlyUnet()].map(([key, dims]) => [names[key]!, dims]));
    for (const [file, naming] of [
      [onlyUnet(), 'ldm'],
      [diffusers, 'diffusers'],
    ] as const)
      expect(told(file)).toMatchObject({
        kind: 'sdxl',
        naming,
        codec: null,
        text: [],
        sentence:
          'The UNet of an SDXL model; it also needs CLIP-L, CLIP-bigG and a VAE from other files. They are often called clip_l.safetensors, clip_g.safetensors and sdxl_vae.safetensors; add them, or use a complete checkpoint.',
      });
    const withoutVae = new Map([...checkpoint()].filter(([key]) => !key.startsWith('first_stage_model.')));
    expect(say(recogniseModel(withoutVae).sentence)).toBe(
      'An SDXL checkpoint; it also needs a VAE from other files. It is often called sdxl_vae.safetensors; add it, or use a complete checkpoint.',
    );
  });

  it('is not disturbed by the scales of scaled FP8 files', () => {
    const names = keymap<Record<string, string>>('unet_ldm_to_diffusers.json');
    const diffusers = new Map([...onlyUnet()].map(([key, dims]) => [names[key]!, dims]));
    for (const file of [checkpoint(), onlyUnet(), diffusers]) {
      const scaled = new Map(file);
      for (const [key, { length }] of file) {
        if (length < 2 || !key.endsWith('.weight')) continue;
        scaled.set(key.replace(/weight$/, 'scale_weight'), []);
        scaled.set(key.replace(/weight$/, 'scale_input'), []);
      }
      scaled.set(`${file === diffusers ? '' : PREFIX}scaled_fp8`, [0]);
      expect(recogniseModel(scaled)).toEqual(recogniseModel(file));
      expect(recogniseModel(scaled).kind).toBe('sdxl');
    }
    for (const [list, kind] of [
      ['clip_vit_h_keys.json', 'clip-vision'],
      ['ip_adapter_plus_sdxl_vit_h_keys.json', 'ip-adapter'],
    ] as const) {
      const file = keyShapes(list);
      const scales = [...file.keys()].map((key) => [key.replace(/weight$/, 'scale_weight'), []] as const);
      const scaled = new Map([...file, ...scales.filter(([key]) => !file.has(key)), ['scaled_fp8', [0]]]);
      expect(recogniseModel(scaled as Map<string, readonly number[]>)).toMatchObject({ kind });
    }
  });

  it('reads prediction type, noise table and our metadata', () => {
    const file = checkpoint().set('v_pred', []).set('ztsnr', []);
    expect(recogniseModel(file)).toMatchObject({ prediction: 'v', zeroTerminalSnr: true, latentScale: null });
    const stated = new Map([['luna.config', '{"head_dim":32,"latent_scale":1,"prediction":"eps"}']]);
    expect(recogniseModel(file, stated)).toMatchObject({
      prediction: 'eps',
      latentScale: 1,
      unet: { headDim: 32 },
    });
    expect(recogniseModel(file, new Map([['luna.config', 'not json']]))).toMatchObject({ kind: 'sdxl' });
  });

  it('knows an inpainting checkpoint by its nine input channels', () => {
    expect(recogniseModel(checkpoint())).toMatchObject({ inpaint: false });
    expect(told(edited('input_blocks.0.0.weight', [320, 9, 3, 3]))).toMatchObject({
      kind: 'sdxl',
      inpaint: true,
      sentence: 'A complete SDXL inpainting checkpoint.',
    });
  });

  it('refuses edit, refiner and EDM models by name', () => {
    for (const key of ['edm_mean', 'edm_vpred.sigma_max'])
      expect(recogniseModel(checkpoint().set(key, [1]))).toMatchObject({ kind: 'refused', what: 'EDM' });
    const edit = recogniseModel(edited('input_blocks.0.0.weight', [320, 8, 3, 3]));
    expect(edit).toMatchObject({ kind: 'refused', what: 'other inputs' });
    const refiner = edited('label_emb.0.0.weight', [1536, 2560]);
    refiner.set(`${PREFIX}time_embed.0.weight`, [1536, 384]);
    expect(recogniseModel(refiner)).toMatchObject({ kind: 'refused', what: 'refiner' });
  });

  it.each([
    [768, 'SD 1.x'],
    [1024, 'SD 2.x'],
  ])('tells Stable Diffusion with context %i as %s', (width, what) => {
    const file = new Map<string, readonly number[]>([
      [`${PREFIX}input_blocks.0.0.weight`, [320, 4, 3, 3]],
      [`${PREFIX}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight`, [320, width]],
    ]);
    expect(recogniseModel(file)).toMatchObject({ kind: 'refused', what });
  });

  it('names the tensor that contradicts the others', () => {
    const broken = recogniseModel(edited('middle_block.1.proj_out.weight', [1280, 640]));
    expect(broken.kind).toBe('refused');
    expect(say(broken.sentence)).toContain(
      '"middle_block.1.proj_out.weight" is [1280, 640], not [1280, 1280]',
    );
    const incomplete = checkpoint();
    incomplete.delete(`${PREFIX}out.2.bias`);
    expect(say(recogniseModel(incomplete).sentence)).toContain('"out.2.bias" is missing');
    incomplete.delete(`${PREFIX}out.2.weight`);
    expect(recogniseModel(incomplete)).toMatchObject({ kind: 'refused', what: 'damaged' });
  });

  it('knows the smaller networks', () => {
    const { encoder, decoder } = keymap<Record<string, Record<string, number[]>>>('taesdxl_keys.json');
    const part = (prefix: string) => new Map([...checkpoint()].filter(([key]) => key.startsWith(prefix)));
    const cases = [
      [keyShapes('clip_vit_h_keys.json'), { kind: 'clip-vision', layers: 32, width: 1280 }],
      [keyShapes('ip_adapter_plus_sdxl_vit_h_keys.json'), { kind: 'ip-adapter', config: { kind: 'plus' } }],
      [keyShapes('sam3_transformers_keys.json'), { kind: 'sam3', naming: 'transformers' }],
      [keyShapes('sam3_original_keys.json'), { kind: 'sam3', naming: 'original' }],
      [new Map(Object.entries(encoder!)), { kind: 'taesd', encoder: true, decoder: false }],
      [new Map(Object.entries(decoder!)), { kind: 'taesd', encoder: false, decoder: true }],
      [part('first_stage_model.'), { kind: 'vae', latentChannels: 4 }],
      [part('conditioner.embedders.0'), { kind: 'clip-text', towers: [{ which: 'clip-l' }] }],
      [part('conditioner.embedders.1'), { kind: 'clip-text', towers: [{ which: 'clip-g' }] }],
    ] as const;
    for (const [file, expected] of cases) expect(recogniseModel(file)).toMatchObject(expected);
  });

  it('knows a base adapter and refuses FaceID and SD 1.5 ones', () => {
    const base = (context: number) =>
      new Map([
        ['image_proj.proj.weight', [4 * context, 1024]],
        ['image_proj.norm.weight', [context]],
        ['ip_adapter.1.to_k_ip.weight', [640, context]],
      ]);
    expect(recogniseModel(base(2048))).toMatchObject({
      kind: 'ip-adapter',
      config: { kind: 'base', tokens: 4 },
    });
    expect(recogniseModel(base(768))).toMatchObject({ kind: 'refused', what: 'ip-adapter for SD 1.x' });
    const face = base(2048).set('image_proj.proj.0.weight', [1, 1]);
    expect(recogniseModel(face)).toMatchObject({ kind: 'refused', what: 'ip-adapter FaceID' });
  });

  it.each([
    ['double_blocks.0.img_attn.qkv.weight', 'refused'],
    ['model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight', 'refused'],
    ['control_model.input_hint_block.0.weight', 'refused'],
    ['encoder.block.0.layer.0.SelfAttention.q.weight', 'refused'],
    ['something.else', 'unknown'],
  ])('classifies a file with %s as %s', (key, kind) => {
    const result = recogniseModel(shapes(key));
    expect(result.kind).toBe(kind);
    expect(say(result.sentence)).toMatch(/^[A-Z].*\.$/);
  });
});
