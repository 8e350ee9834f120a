import { describe, expect, it } from 'vitest';
import { say } from '#domain/job/sentence.ts';
import type { ModelFile } from '#models/model-file.ts';
import { rolesOf, type LibraryFile } from '#worker/library.ts';
import { missingParts, NO_MODELS, selected } from '#worker/selection.ts';
import type { LibraryEntry } from '#worker/api.ts';

const UNET = { contextDim: 2048, inChannels: 4, outChannels: 4 };
const sdxl = (parts: { text?: readonly string[]; codec?: 'vae' | null; unet?: object } = {}): ModelFile =>
  ({
    kind: 'sdxl',
    unet: { ...UNET, ...parts.unet },
    text: (parts.text ?? ['clip-l', 'clip-g']).map((which) => ({ which, prefix: '' })),
    codec: parts.codec === undefined ? 'vae' : parts.codec,
    sentence: '',
  }) as unknown as ModelFile;
const adapter = (imageDim = 1280, contextDim = 2048): ModelFile =>
  ({ kind: 'ip-adapter', config: { kind: 'plus', imageDim, contextDim }, sentence: '' }) as ModelFile;
const vision = (width = 1280): ModelFile => ({ kind: 'clip-vision', layers: 32, width, sentence: '' });
const vae = (latentChannels = 4): ModelFile => ({ kind: 'vae', latentChannels, sentence: '' });
const text = (which: 'clip-l' | 'clip-g'): ModelFile => ({
  kind: 'clip-text',
  towers: [{ which, prefix: '' }],
  sentence: '',
});
const sam3: ModelFile = { kind: 'sam3', naming: 'original', sentence: '' };

function listed(
  id: string,
  model: ModelFile,
  folder = 'models/x',
  origin: LibraryEntry['origin'] = 'linked',
): LibraryFile {
  const gives = rolesOf(model);
  const needs = (['text-l', 'text-g', 'autoencoder'] as const).filter((role) => !gives.includes(role));
  const entry = { gives, needs: model.kind === 'sdxl' ? needs : [] };
  return { place: { id, folder, origin, name: id, bytes: 1 }, entry, model } as unknown as LibraryFile;
}

const DEMO = [
  listed('demo', sdxl({ unet: { contextDim: 64, outChannels: 16 } }), '', 'demo'),
  listed('demo-vision', vision(64), '', 'demo'),
  listed('demo-adapter', adapter(64, 64), '', 'demo'),
  listed('demo-sam3', sam3, '', 'demo'),
];

describe('choosing a checkpoint', () => {
  it('brings the anchor parts that fit it and keeps the detector', () => {
    const library = [...DEMO, listed('big', sdxl()), listed('h', vision()), listed('plus', adapter())];
    const demo = selected(library, NO_MODELS, 'checkpoint', 'demo');
    expect(demo.roles).toMatchObject({
      vision: 'demo-vision',
      'ip-adapter': 'demo-adapter',
      sam3: 'demo-sam3',
    });
    const real = selected(library, demo, 'checkpoint', 'big');
    expect(real.roles).toMatchObject({
      vision: 'h',
      'ip-adapter': 'plus',
      sam3: 'demo-sam3',
      autoencoder: null,
    });
    expect(missingParts(library, real)).toEqual([]);
  });

  it('takes no vision tower of another width than the adapter reads', () => {
    const library = [listed('big', sdxl()), listed('l', vision(1024)), listed('plus', adapter())];
    const { roles } = selected(library, NO_MODELS, 'checkpoint', 'big');
    expect(roles).toMatchObject({ vision: null, 'ip-adapter': 'plus' });
    expect(missingParts(library, { ...NO_MODELS, roles }).map(({ role }) => role)).toEqual([
      'vision',
      'sam3',
    ]);
  });

  it('finds the missing parts of a UNet in its own diffusers folder before others', () => {
    const library = [
      listed('other-vae', vae(), 'vae'),
      listed('unet', sdxl({ text: [], codec: null }), 'juggernaut/unet'),
      listed('vae', vae(), 'juggernaut/vae'),
      listed('l', text('clip-l'), 'juggernaut/text_encoder'),
      listed('other-g', text('clip-g'), 'clip'),
    ];
    const { roles } = selected(library, NO_MODELS, 'checkpoint', 'unet');
    expect(roles).toMatchObject({ 'text-l': 'l', 'text-g': 'other-g', autoencoder: 'vae' });
  });

  it('does not take two linked diffusers folders for one', () => {
    const library = [
      listed('linked:other/vae/model', vae(), 'vae'),
      listed('linked:own/unet/model', sdxl({ codec: null }), 'unet'),
      listed('linked:own/vae/model', vae(), 'vae'),
    ];
    const { roles } = selected(library, NO_MODELS, 'checkpoint', 'linked:own/unet/model');
    expect(roles.autoencoder).toBe('linked:own/vae/model');
  });

  it('says which parts a lone UNet lacks', () => {
    const library = [listed('unet', sdxl({ text: ['clip-l'], codec: null }))];
    const missing = missingParts(library, selected(library, NO_MODELS, 'checkpoint', 'unet'));
    expect(missing.filter(({ required }) => required).map(({ role }) => role)).toEqual([
      'text-g',
      'autoencoder',
    ]);
    expect(say(missing[0]?.sentence ?? '')).toContain('clip_g.safetensors');
  });

  it('says that a part waits for its folder, not that it has to be found', () => {
    const library = [listed('unet', sdxl({ codec: null }))];
    const { roles } = selected(library, NO_MODELS, 'checkpoint', 'unet');
    const wanted = { ...NO_MODELS, roles: { ...roles, autoencoder: 'linked:own/vae/mine.safetensors' } };
    const [vaePart] = missingParts(library, { ...NO_MODELS, roles }, wanted);
    expect(say(vaePart?.sentence ?? '')).toMatch(/"mine.safetensors" waits until its folder/);
  });

  it('lets go of an autoencoder with other latents and of the prediction switch, but keeps LoRAs', () => {
    const library = [
      listed('a', sdxl()),
      listed('b', sdxl()),
      listed('vae16', vae(16)),
      listed('vae4', vae()),
    ];
    const chosen = selected(library, NO_MODELS, 'checkpoint', 'a');
    const own = (id: string) => ({
      ...selected(library, chosen, 'autoencoder', id),
      loras: [{ id: 'lora', strength: 1 }],
      prediction: 'v' as const,
    });
    expect(selected(library, own('vae4'), 'checkpoint', 'b').roles.autoencoder).toBe('vae4');
    const changed = selected(library, own('vae16'), 'checkpoint', 'b');
    expect(changed.roles.autoencoder).toBeNull();
    expect(changed).toMatchObject({ loras: [{ id: 'lora' }], prediction: 'auto' });
  });

  it('never mixes parts of the demo pack into a real model', () => {
    const library = [...DEMO, listed('big', sdxl())];
    const real = selected(library, selected(library, NO_MODELS, 'checkpoint', 'demo'), 'checkpoint', 'big');
    expect(real.roles).toMatchObject({ vision: null, 'ip-adapter': null });
  });
});

describe('emptying a role', () => {
  it('stays empty: only a checkpoint looks for its parts', () => {
    const library = [listed('big', sdxl()), listed('h', vision()), listed('plus', adapter())];
    const chosen = selected(library, NO_MODELS, 'checkpoint', 'big');
    expect(selected(library, chosen, 'vision', null).roles.vision).toBeNull();
  });
});

describe('single parts', () => {
  it('an adapter chosen later brings the vision tower it reads', () => {
    const before = [listed('big', sdxl())];
    const library = [...before, listed('l', vision(1024)), listed('h', vision()), listed('plus', adapter())];
    const chosen = selected(before, NO_MODELS, 'checkpoint', 'big');
    expect(selected(library, chosen, 'ip-adapter', 'plus').roles.vision).toBe('h');
  });

  it('an own detector takes the place of the demo’s, and stays with any checkpoint', () => {
    const library = [...DEMO, listed('big', sdxl()), listed('sam', sam3)];
    const demo = selected(DEMO, NO_MODELS, 'checkpoint', 'demo');
    const real = selected(library, demo, 'checkpoint', 'big');
    expect(real.roles.sam3).toBe('sam');
    expect(selected(library, real, 'checkpoint', 'demo').roles.sam3).toBe('sam');
  });
});
