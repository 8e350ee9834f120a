import { describe, expect, it } from 'vitest';
import { say } from '#domain/job/sentence.ts';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { recipeDims, type ShapeTable } from '#models/graph/weight-recipe.ts';
import { diffusersPath } from '#models/lora/diffusers-unet.ts';
import { matchLora } from '#models/lora/match.ts';
import { loraSpellings, namingOfStem, targetOfStem, type LoraTarget } from '#models/lora/names.ts';
import { parseLora } from '#models/lora/parse.ts';
import { splitLoraName } from '#models/lora/tensor-names.ts';
import { recogniseModel } from '#models/recognise.ts';
import { keymap, keyShapes, realUnet } from './unet-keymaps.ts';

const LDM = 'model.diffusion_model.';
const checkpoint = keyShapes('sdxl_checkpoint_keys.json');

function realTower(index: number): ShapeTable {
  const tower = findClipTowers(checkpoint)[index]!;
  return new Map(
    [...clipView(checkpoint, tower)].map(([key, recipe]) => [key, recipeDims(recipe, checkpoint, 'test')]),
  );
}

const networks: Readonly<Record<LoraTarget, ShapeTable>> = {
  unet: realUnet(),
  'clip-l': realTower(0),
  'clip-g': realTower(1),
};

const TRAINED: Readonly<Record<LoraTarget, RegExp>> = {
  unet: /\.(proj_in|proj_out|to_q|to_k|to_v|to_out\.0|ff\.net\.0\.proj|ff\.net\.2)\.weight$/,
  'clip-l': /\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)\.weight$/,
  'clip-g': /\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)\.weight$/,
};

/** What a trainer that adapts attention and feed-forward layers writes, each module spelled by `spell`. */
function trained(target: LoraTarget, spell: (path: string) => string, rank = 32): ShapeTable {
  const keys = [...networks[target]].filter(([key]) => TRAINED[target].test(key));
  return new Map(
    keys.flatMap(([key, [out = 0, input = 0]]): [string, readonly number[]][] => {
      const stem = spell(key.replace(/\.weight$/, ''));
      return [
        [`${stem}.lora_down.weight`, [rank, input]],
        [`${stem}.lora_up.weight`, [out, rank]],
        [`${stem}.alpha`, []],
      ];
    }),
  );
}

const flat = (prefix: string) => (path: string) => prefix + path.replaceAll('.', '_');
const names = keymap<Record<string, string>>('unet_ldm_to_diffusers.json');
/** The reference's own table, by module. */
const toDiffusers = (path: string) => names[`${LDM}${path}.weight`]!.replace(/\.weight$/, '');

describe('module names at real size', () => {
  it('are diffusers’ for every tensor of the reference’s table', () => {
    const rename = diffusersPath(networks.unet);
    for (const [ldm, diffusers] of Object.entries(names)) {
      const [, path, leaf] = /^(.+)\.(weight|bias)$/.exec(ldm.slice(LDM.length))!;
      expect(`${rename(path!)}.${leaf}`).toBe(diffusers);
    }
    expect(Object.keys(names)).toHaveLength(1680);
  });

  it('match a whole kohya LoRA: 722 modules of the UNet, 72 and 192 of the text encoders', () => {
    const file = new Map([
      ...trained('unet', flat('lora_unet_')),
      ...trained('clip-l', flat('lora_te1_')),
      ...trained('clip-g', flat('lora_te2_')),
    ]);
    const { modules, strays } = parseLora(file, 'kohya');
    expect(strays).toEqual([]);
    expect(modules).toHaveLength(722 + 72 + 192);
    const counts = (['unet', 'clip-l', 'clip-g'] as const).map(
      (target) => matchLora(modules, target, networks[target]).length,
    );
    expect(counts).toEqual([722, 72, 192]);
  });

  it.each<[string, LoraTarget, (path: string) => string]>([
    ['kohya with diffusers names', 'unet', (path) => flat('lora_unet_')(toDiffusers(path))],
    ['LyCORIS', 'unet', (path) => flat('lycoris_')(toDiffusers(path))],
    ['diffusers', 'unet', (path) => `unet.${toDiffusers(path)}`],
    ['diffusers without a component', 'unet', toDiffusers],
    ['PEFT', 'unet', (path) => `base_model.model.${toDiffusers(path)}`],
    ['PEFT in diffusers', 'unet', (path) => `unet.base_model.model.${toDiffusers(path)}`],
    ['generic', 'unet', (path) => `diffusion_model.${path}`],
    ['diffusers’ first text encoder', 'clip-l', (path) => `text_encoder.${path}`],
    ['diffusers’ second', 'clip-g', (path) => `text_encoder_2.${path}`],
    ['generic CLIP-L', 'clip-l', (path) => `text_encoders.clip_l.transformer.${path}`],
    ['generic CLIP-bigG', 'clip-g', (path) => `text_encoders.clip_g.transformer.${path}`],
    ['a tool with one text encoder', 'clip-l', flat('lora_te_')],
    ['PEFT of a bare text encoder', 'clip-g', (path) => `base_model.model.${path}`],
  ])('match in the spelling of %s, and no other network', (_, target, spell) => {
    const { modules } = parseLora(trained(target, spell), 'file');
    const matches = matchLora(modules, target, networks[target]);
    expect(matches).toHaveLength({ unet: 722, 'clip-l': 72, 'clip-g': 192 }[target]);
    const expected = parseLora(
      trained(target, (path) => path),
      'file',
    ).modules.map(({ stem }) => stem);
    expect(matches.map(({ path }) => path)).toEqual(expected);
    for (const other of ['unet', 'clip-l', 'clip-g'] as const)
      if (other !== target) expect(matchLora(modules, other, networks[other])).toEqual([]);
  });

  it('name each module once', () => {
    for (const [target, shapes] of Object.entries(networks) as [LoraTarget, ShapeTable][]) {
      const paths = new Set([...shapes.keys()].map((key) => key.replace(/\.(weight|bias)$/, '')));
      const reached = new Map<string, number>();
      for (const path of loraSpellings(target, shapes).values())
        reached.set(path, (reached.get(path) ?? 0) + 1);
      expect(reached.size).toBe(paths.size);
      expect(Math.min(...reached.values())).toBeGreaterThanOrEqual(7);
    }
  });
});

describe('tensor names', () => {
  const stem = 'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q';
  it.each([
    ['.lora_A.weight', 'down'],
    ['.lora_A.default.weight', 'down'],
    ['.lora_A.default_0.weight', 'down'],
    ['.lora_B', 'up'],
    ['.lora_B.weight', 'up'],
    ['.lora.down.weight', 'down'],
    ['.lora.up.weight', 'up'],
    ['.lora_linear_layer.up.weight', 'up'],
    ['.lora_down.weight', 'down'],
    ['.lora_mid.weight', 'mid'],
    ['.alpha', 'alpha'],
    ['.dora_scale', 'dora'],
    ['.lora_magnitude_vector', 'magnitude'],
    ['.lora_magnitude_vector.default.weight', 'magnitude'],
    ['.hada_t2', 'hada_t2'],
    ['.lokr_w2_a', 'lokr_w2_a'],
    ['.diff', 'diff'],
    ['.w_norm', 'diff'],
    ['.b_norm', 'diff_b'],
  ])('ending in %s are the part %s', (ending, part) => {
    expect(splitLoraName(stem + ending)).toEqual({ stem, part });
  });

  it('of attention processors lead to the layer they sit in', () => {
    const attention = stem.replace('.to_q', '');
    expect(splitLoraName(`${attention}.processor.to_q_lora.down.weight`)).toEqual({ stem, part: 'down' });
    const out = splitLoraName(`${attention}.processor.to_out_lora.up.weight`)!;
    const spelled = loraSpellings('unet', networks.unet).get(out.stem);
    expect(spelled).toBe('input_blocks.4.1.transformer_blocks.0.attn1.to_out.0');
  });

  it.each(['.oft_blocks', '.weight', '.on_input', '.lora_C.weight'])(
    'ending in %s are not read',
    (ending) => {
      expect(splitLoraName(stem + ending)).toBeNull();
    },
  );

  it.each([
    ['lora_unet_middle_block_1_proj_in', 'unet', 'kohya'],
    ['lora_te_text_model_encoder_layers_0_mlp_fc1', 'clip-l', 'kohya'],
    ['lora_te2_text_model_encoder_layers_0_mlp_fc1', 'clip-g', 'kohya'],
    ['lycoris_mid_block_attentions_0_proj_in', 'unet', 'lycoris'],
    ['text_encoder_2.text_model.encoder.layers.0.mlp.fc1', 'clip-g', 'diffusers'],
    ['text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1', 'clip-l', 'generic'],
    ['lora_unet_double_blocks_0_img_attn_qkv', null, 'kohya'],
    ['transformer.single_transformer_blocks.0.attn.to_q', null, 'diffusers'],
    ['diffusion_model.blocks.0.cross_attn.q', null, 'generic'],
  ])('%s belong to %s (%s)', (module, target, naming) => {
    expect(targetOfStem(module)).toBe(target);
    expect(namingOfStem(module)).toBe(naming);
  });
});

describe('recognising a LoRA file', () => {
  it('tells naming, rank and what it changes', () => {
    const file = new Map([...trained('unet', flat('lora_unet_')), ...trained('clip-l', flat('lora_te1_'))]);
    const model = recogniseModel(file);
    expect({ ...model, sentence: say(model.sentence) }).toEqual({
      kind: 'lora',
      naming: 'kohya',
      families: ['lora'],
      dora: false,
      targets: ['unet', 'clip-l'],
      modules: 794,
      rank: 32,
      sentence: 'A LoRA (kohya, rank 32) for the UNet and the text encoder CLIP-L.',
    });
    const both = new Map([...file, ...trained('clip-g', flat('lora_te2_'), 16)]);
    expect(say(recogniseModel(both).sentence)).toBe(
      'A LoRA (kohya, rank up to 32) for the UNet and both text encoders.',
    );
    const text = trained('clip-g', (path) => `text_encoder_2.${path}`, 4);
    expect(say(recogniseModel(text).sentence)).toBe(
      'A LoRA (diffusers, rank 4) for the text encoder CLIP-bigG.',
    );
  });

  it('tells the families of its modules', () => {
    const stem = 'lora_unet_input_blocks_1_0_in_layers_2';
    const file = new Map<string, readonly number[]>([
      [`${stem}.lora_down.weight`, [8, 320, 3, 3]],
      [`${stem}.lora_up.weight`, [320, 8, 1, 1]],
      [`${stem}.dora_scale`, [320, 1, 1, 1]],
      ['lora_unet_middle_block_1_proj_in.lokr_w1', [4, 4]],
      ['lora_unet_middle_block_1_proj_in.lokr_w2', [320, 320]],
    ]);
    const model = recogniseModel(file);
    expect(model).toMatchObject({ families: ['locon', 'lokr'], dora: true });
    expect(say(model.sentence)).toBe('A LoRA (kohya, LoCon, LoKr, DoRA, rank 8) for the UNet.');
    file.set('lora_unet_middle_block_1_proj_in.diff', [1]);
    expect(recogniseModel(file)).toMatchObject({ kind: 'refused', what: 'damaged' });
    expect(say(recogniseModel(file).sentence)).toMatch(
      /^This LoRA cannot be used: its tensor "lora_unet_middle_block_1_proj_in\.diff"/,
    );
  });

  it.each([
    [768, 'LoRA for SD 1.x'],
    [1024, 'LoRA for SD 2.x'],
  ])('refuses one for a text width of %i', (width, what) => {
    for (const stem of [
      'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k',
      'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_v',
    ]) {
      const file = new Map([
        [`${stem}.lora_down.weight`, [4, width]],
        [`${stem}.lora_up.weight`, [320, 4]],
      ]);
      expect(recogniseModel(file)).toMatchObject({ kind: 'refused', what });
    }
  });

  it.each([
    [
      'lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight',
      'lora_unet_double_blocks_0_img_attn_qkv.lora_up.weight',
    ],
    [
      'transformer.transformer_blocks.0.attn.to_q.lora_A.weight',
      'transformer.transformer_blocks.0.attn.to_q.lora_B.weight',
    ],
  ])('refuses one of another family (%s)', (down, up) => {
    const file = new Map([
      [down, [4, 64]],
      [up, [64, 4]],
    ]);
    expect(recogniseModel(file)).toMatchObject({ kind: 'refused', what: 'other LoRA' });
  });

  it('refuses forms it does not know', () => {
    const file = new Map([['lora_unet_middle_block_1_proj_in.oft_blocks', [4, 8, 8]]]);
    expect(recogniseModel(file)).toMatchObject({ kind: 'refused', what: 'other LoRA' });
  });
});
