import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readComfy } from '#domain/settings/comfy.ts';

type Inputs = Record<string, unknown>;
const node = (class_type: string, inputs: Inputs = {}) => ({ class_type, inputs });

/** The graph everybody starts with, in the API's form. */
const usual = () => ({
  '3': node('KSampler', {
    seed: 7,
    steps: 24,
    cfg: 6,
    sampler_name: 'dpmpp_2m',
    scheduler: 'karras',
    denoise: 1,
    model: ['10', 0],
    positive: ['6', 0],
    negative: ['7', 0],
    latent_image: ['5', 0],
  }),
  '4': node('CheckpointLoaderSimple', { ckpt_name: 'sdxl.safetensors' }),
  '5': node('EmptyLatentImage', { width: 1024, height: 1024, batch_size: 1 }),
  '6': node('CLIPTextEncode', { text: 'a lighthouse', clip: ['10', 1] }),
  '7': node('CLIPTextEncode', { text: 'fog', clip: ['10', 1] }),
  '8': node('VAEDecode', { samples: ['3', 0], vae: ['4', 2] }),
  '9': node('SaveImage', { images: ['8', 0] }),
  '10': node('LoraLoader', {
    lora_name: 'detail.safetensors',
    strength_model: 0.7,
    model: ['4', 0],
    clip: ['4', 1],
  }),
});
const USUAL = {
  source: 'ComfyUI',
  prompt: 'a lighthouse',
  negative: 'fog',
  sampling: { steps: 24, guidanceScale: 6, sampler: 'dpmpp_2m', scheduler: 'karras' },
  seed: 7,
  denoise: null,
  checkpoint: 'sdxl.safetensors',
  loras: [{ name: 'detail.safetensors', strength: 0.7 }],
};
const notes = (json: unknown) => readComfy(json)?.notes.map(String) ?? [];

/** The same graph as the editor saves it: values in the order of the widgets, links in a table. */
function asWorkflow(widgets: Record<string, readonly unknown[]>): object {
  const graph = Object.entries(usual() as Record<string, ReturnType<typeof node>>);
  const links: unknown[][] = [];
  const nodes = graph.map(([id, { class_type: type, inputs }]) => ({
    id: Number(id),
    type,
    mode: 0,
    widgets_values: widgets[id] ?? [],
    inputs: Object.entries(inputs)
      .filter(([, value]) => Array.isArray(value))
      .map(([name, value]) => {
        links.push([links.length + 1, Number((value as string[])[0]), 0, Number(id), 0, '*']);
        return { name, link: links.length };
      }),
  }));
  return { nodes, links, version: 0.4 };
}

describe('a ComfyUI graph', () => {
  it('of the API is followed from its sampler', () => {
    expect(readComfy(usual())).toMatchObject(USUAL);
    expect(readComfy({ prompt: usual(), client_id: 'x' })).toMatchObject(USUAL);
    expect(notes(usual())).toEqual([expect.stringContaining('painted from nothing') as string]);
  });

  it('of the editor says the same', () => {
    const workflow = asWorkflow({
      '3': [7, 'randomize', 24, 6, 'dpmpp_2m', 'karras', 0.6],
      '4': ['sdxl.safetensors'],
      '6': ['a lighthouse'],
      '7': ['fog'],
      '10': ['detail.safetensors', 0.7, 1],
    });
    expect(readComfy(workflow)).toMatchObject({ ...USUAL, denoise: 0.6 });
  });

  it('may hold its values in nodes of their own', () => {
    const graph: Record<string, unknown> = usual();
    graph['3'] = node('KSampler', { ...usual()['3'].inputs, seed: ['20', 0], steps: ['21', 0] });
    graph['6'] = node('CLIPTextEncode', { text: ['22', 0] });
    graph['20'] = node('Seed Everywhere', { seed: 99 });
    graph['21'] = node('PrimitiveInt', { value: 12 });
    graph['22'] = node('Reroute', { '': ['23', 0], string: ['23', 0] });
    graph['23'] = node('String Literal', { string: 'a pier' });
    expect(readComfy(graph)).toMatchObject({ prompt: 'a pier', seed: 99, sampling: { steps: 12 } });
  });

  it('may guide and schedule by nodes of their own', () => {
    const graph = {
      '1': node('SamplerCustomAdvanced', {
        noise: ['2', 0],
        guider: ['3', 0],
        sampler: ['4', 0],
        sigmas: ['5', 0],
      }),
      '2': node('RandomNoise', { noise_seed: 5 }),
      '3': node('BasicGuider', { conditioning: ['6', 0], model: ['7', 0] }),
      '4': node('KSamplerSelect', { sampler_name: 'euler' }),
      '5': node('BasicScheduler', { scheduler: 'simple', steps: 8, denoise: 0.3 }),
      '6': node('CLIPTextEncode', { text: 'a boat' }),
      '7': node('UNETLoader', { unet_name: 'other.safetensors' }),
    };
    expect(readComfy(graph)).toMatchObject({
      prompt: 'a boat',
      // A basic guider avoids nothing: what is set stays.
      negative: null,
      sampling: { steps: 8, sampler: 'euler', scheduler: 'simple' },
      seed: 5,
      denoise: 0.3,
      checkpoint: 'other.safetensors',
    });
    const guided = {
      ...graph,
      '3': node('CFGGuider', { cfg: 4, positive: ['6', 0], negative: ['8', 0] }),
      '8': node('CLIPTextEncode', { text: 'rust' }),
    };
    expect(readComfy(guided)).toMatchObject({
      prompt: 'a boat',
      negative: 'rust',
      sampling: { guidanceScale: 4 },
    });
  });

  it('keeps what is wanted and what is avoided apart behind a ControlNet, and joins combined texts', () => {
    const graph: Record<string, unknown> = usual();
    graph['3'] = node('KSampler', { ...usual()['3'].inputs, positive: ['30', 0], negative: ['30', 1] });
    graph['30'] = node('ControlNetApplyAdvanced', { positive: ['31', 0], negative: ['7', 0], strength: 1 });
    graph['31'] = node('ConditioningCombine', { conditioning_1: ['6', 0], conditioning_2: ['32', 0] });
    graph['32'] = node('CLIPTextEncodeSDXL', { text_g: 'at dusk', text_l: 'at dusk' });
    expect(readComfy(graph)).toMatchObject({ prompt: 'a lighthouse, at dusk', negative: 'fog' });
    expect(notes(graph).at(-1)).toBe(
      'A graph itself cannot be taken over, only its settings. Without counterpart here: ControlNetApplyAdvanced.',
    );
  });

  it('of two passes is read from the first, and says so', () => {
    const second = node('KSampler', {
      ...usual()['3'].inputs,
      ...{ steps: 10, denoise: 0.5, seed: 8, latent_image: ['3', 0] },
    });
    const graph = { '1': second, ...usual() };
    expect(readComfy(graph)).toMatchObject({ seed: 7, sampling: { steps: 24 } });
    expect(notes(graph).at(-1)).toBe(
      'The graph samples 2 times; the settings are those of the first, KSampler 3.',
    );
  });

  it('with names from elsewhere says which are not known', () => {
    const graph = usual();
    graph['3'].inputs = {
      ...graph['3'].inputs,
      sampler_name: 'dpmpp_3m_sde',
      scheduler: 'beta',
      denoise: 0.5,
    };
    expect(notes(graph)).toEqual([
      'Sampler “dpmpp_3m_sde” is not known here: left as it is.',
      'Schedule “beta” is not known here: left as it is.',
    ]);
    expect(readComfy(graph)?.sampling).toEqual({ steps: 24, guidanceScale: 6 });
  });

  it('of muted or other nodes has no settings', () => {
    const workflow = asWorkflow({ '3': [7, 'fixed', 24, 6, 'euler', 'normal', 1] }) as {
      nodes: { type: string; mode: number }[];
    };
    for (const one of workflow.nodes) if (one.type === 'KSampler') one.mode = 4;
    expect(readComfy(workflow)).toBeNull();
    expect(readComfy({ '1': node('LoadImage', { image: 'a.png' }) })).toBeNull();
    expect(readComfy({ annotations: [] })).toBeNull();
    expect(readComfy([1, 2])).toBeNull();
  });

  it('may go in circles', () => {
    const graph: Record<string, unknown> = usual();
    graph['6'] = node('CLIPTextEncode', { text: ['6', 0] });
    graph['3'] = node('KSampler', { ...usual()['3'].inputs, positive: ['3', 0], seed: ['40', 0] });
    graph['40'] = node('Reroute', { value: ['41', 0] });
    graph['41'] = node('Reroute', { value: ['40', 0] });
    expect(readComfy(graph)).toMatchObject({ prompt: null, seed: null });
  });

  it('never throws, whatever is linked to whatever', () => {
    const types = fc.constantFrom(
      'KSampler',
      'CLIPTextEncode',
      'CFGGuider',
      'SamplerCustomAdvanced',
      'ConditioningCombine',
      'LoraLoader',
      'X',
    );
    const names = fc.constantFrom(
      'positive',
      'negative',
      'guider',
      'conditioning',
      'text',
      'steps',
      'seed',
      'model',
      'sigmas',
      'cfg',
    );
    const value = fc.oneof(fc.jsonValue(), fc.tuple(fc.nat(6).map(String), fc.nat(2)));
    const graphs = fc.dictionary(
      fc.nat(6).map(String),
      fc.record({ class_type: types, inputs: fc.dictionary(names, value) }),
    );
    const workflows = fc.record({
      nodes: fc.array(
        fc.record({
          id: fc.nat(6),
          type: types,
          mode: fc.nat(4),
          widgets_values: fc.jsonValue(),
          inputs: fc.array(fc.record({ name: names, link: fc.nat(9) })),
        }),
      ),
      links: fc.array(fc.tuple(fc.nat(9), fc.nat(6), fc.nat(2), fc.nat(6), fc.nat(2))),
    });
    fc.assert(
      fc.property(fc.oneof(graphs, workflows, fc.jsonValue()), (json) => {
        const found = readComfy(json);
        expect(found === null || found.source === 'ComfyUI').toBe(true);
        const seed = found?.seed ?? 0;
        expect(Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff).toBe(true);
      }),
    );
  });

  it('of thousands of samplers in a row is read within the time of a test', () => {
    const graph = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [
        String(i),
        node('KSampler', {
          steps: 3,
          cfg: 1,
          sampler_name: 'euler',
          latent_image: [String(i + 1), 0],
          positive: [String(i + 1), 0],
        }),
      ]),
    );
    expect(readComfy(graph)?.sampling.steps).toBe(3);
  });
});
