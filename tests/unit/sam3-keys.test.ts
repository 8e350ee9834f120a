import { describe, expect, test } from 'vitest';
import { sam3Config, gridOf, type Sam3Config } from '#models/sam3/config.ts';
import { DETECTOR_GRAPHS, sam3Graph, TRACKER_GRAPHS } from '#models/sam3/graphs.ts';
import { sam3KeyShapes } from '#models/sam3/key-table.ts';
import { checkSam3Keys, sam3NeededKeys } from '#models/sam3/keys.ts';
import { sam3Names, sam3Naming } from '#models/sam3/names.ts';
import { metadataOverrides, sam3Overrides } from '#models/sam3/overrides.ts';
import type { ShapeTable } from '#models/graph/weight-recipe.ts';

/** spec/sam3.md 1.1, "full" column of 7.1. */
const REAL: Sam3Config = {
  imageSize: 1008,
  patch: 14,
  window: 24,
  vitWidth: 1024,
  vitDepth: 32,
  vitHeads: 16,
  vitMlp: 4736,
  globalBlocks: [7, 15, 23, 31],
  d: 256,
  heads: 8,
  ffn: 2048,
  encoderLayers: 6,
  decoderLayers: 6,
  queries: 200,
  geometryLayers: 3,
  roi: 7,
  textWidth: 1024,
  textMlp: 4096,
  textLayers: 24,
  textHeads: 16,
  context: 32,
  vocabulary: 49408,
  tracker: { mlp: 2048, iouHidden: 256, iouSigmoid: true },
};

const renamed = (shapes: ShapeTable, rename: (key: string) => string): ShapeTable =>
  new Map([...shapes].map(([key, dims]) => [rename(key), dims]));

describe('SAM 3 keys', () => {
  const shapes = sam3KeyShapes(REAL);

  test('the real configuration is recovered from names and shapes alone', () => {
    expect(sam3Config(shapes)).toEqual(REAL);
  });

  test('parameters add up to the 849.6 M that image inference uses', () => {
    const total = [...shapes.values()].reduce((sum, dims) => sum + dims.reduce((a, b) => a * b, 1), 0);
    // spec/sam3.md 1.2, "used" column summed.
    const spec =
      446_236_672 + 2 * 6_949_632 + 353_200_384 + 8_083_456 + 9_472_512 + 11_575_093 + 1_182_976 + 1_708_289;
    // The predictor's Gaussian matrix is a buffer there, so it is not among its 6,220 parameters.
    expect(total).toBe(spec + 6_220 + 4_215_109 + 256 + 2 * 128);
  });

  test('graphs and host read exactly the tensors of the table', () => {
    expect([...sam3NeededKeys(REAL)].sort()).toEqual([...shapes.keys()].sort());
  });

  test('all real-size graphs are emitted in under three seconds', () => {
    const begin = performance.now();
    const graphs = [...DETECTOR_GRAPHS, ...TRACKER_GRAPHS].map((name) =>
      sam3Graph(name, shapes, REAL, { attention: 'plain', dtype: 'f32' }),
    );
    expect(performance.now() - begin).toBeLessThan(3000);
    expect(Math.max(...graphs.map(({ model }) => model.length))).toBeLessThan(8e6);
  });

  test.each([
    ['the image model without the outer prefix', (key: string) => key.replace('detector_model.', '')],
    ['an older outer prefix', (key: string) => `sam3_model.${key}`],
    [
      'the neck inside the tracker',
      (key: string) => key.replace(/^tracker_neck/, 'tracker_model.tracker_neck'),
    ],
    ['out_proj everywhere', (key: string) => key.replace('.o_proj.', '.out_proj.')],
    ['no text_model level', (key: string) => key.replace('text_encoder.text_model.', 'text_encoder.')],
  ])('reads %s', (_, rename) => {
    expect(checkSam3Keys(renamed(shapes, rename))).toEqual({ missing: [], unknown: [] });
  });

  test('a missing tensor, a wrong shape and a stranger are named', () => {
    const broken = new Map(shapes);
    broken.delete('detector_model.geometry_encoder.cls_embed.weight');
    broken.set('detector_model.text_projection.bias', [7]);
    broken.set('detector_model.surprise', [1]);
    expect(checkSam3Keys(broken)).toEqual({
      missing: ['detector_model.text_projection.bias', 'detector_model.geometry_encoder.cls_embed.weight'],
      unknown: ['detector_model.surprise'],
    });
  });

  test('a file without the interactive part is a complete detector', () => {
    const detector = new Map([...shapes].filter(([key]) => key.startsWith('detector_model.')));
    expect(checkSam3Keys(detector)).toEqual({ missing: [], unknown: [] });
    expect(sam3Config(detector).tracker).toBeNull();
  });

  test('other files are not SAM 3', () => {
    expect(sam3Naming(['model.diffusion_model.input_blocks.0.0.weight'])).toBeNull();
    expect(sam3Names(new Map([['a', [1]]]))).toBeNull();
  });
});

describe('original names', () => {
  const vision = 'detector.backbone.vision_backbone';
  const file: ShapeTable = new Map([
    ['detector.transformer.decoder.query_embed.weight', [200, 256]],
    [`${vision}.trunk.pos_embed`, [1, 577, 1024]],
    [`${vision}.trunk.blocks.3.attn.qkv.bias`, [3072]],
    [`${vision}.trunk.blocks.3.attn.freqs_cis`, [576, 32]],
    [`${vision}.sam2_convs.1.dconv_2x2.weight`, [1024, 512, 2, 2]],
    ['detector.segmentation_head.cross_attend_prompt.in_proj_weight', [768, 256]],
    ['detector.backbone.language_backbone.encoder.text_projection', [1024, 512]],
    ...[0, 1, 2, 3].map((i): [string, number[]] => [
      `tracker.sam_prompt_encoder.point_embeddings.${i}.weight`,
      [1, 256],
    ]),
    ['tracker.sam_mask_decoder.output_hypernetworks_mlps.2.layers.1.weight', [256, 256]],
  ]);

  test('packed rows, the class row, stacked labels and transposes', () => {
    const names = sam3Names(file);
    expect(names?.naming).toBe('original');
    expect(names?.unknown).toEqual([]);
    expect(names?.ignored).toEqual([`${vision}.trunk.blocks.3.attn.freqs_cis`]);
    const backbone = 'detector_model.vision_encoder.backbone';
    expect(names?.view.get(`${backbone}.layers.3.attention.k_proj.bias`)).toEqual({
      kind: 'rows',
      of: { kind: 'tensor', key: `${vision}.trunk.blocks.3.attn.qkv.bias` },
      begin: 1024,
      end: 2048,
    });
    expect(Object.fromEntries(names?.shapes ?? [])).toMatchObject({
      [`${backbone}.embeddings.position_embeddings`]: [1, 576, 1024],
      'tracker_neck.fpn_layers.1.scale_layers.0.weight': [1024, 512, 2, 2],
      'detector_model.mask_decoder.prompt_cross_attn.v_proj.weight': [256, 256],
      'detector_model.text_encoder.text_projection.weight': [512, 1024],
      'tracker_model.prompt_encoder.point_embed.weight': [4, 256],
      'tracker_model.mask_decoder.output_hypernetworks_mlps.2.layers.0.weight': [256, 256],
    });
  });

  test.each(['', 'sam3_model.'])('other outer prefixes: "%s", with the predictor nested', (outer) => {
    const other = renamed(
      file,
      (key) =>
        outer + key.replace(/^detector\./, '').replace(/^tracker\./, 'inst_interactive_predictor.model.'),
    );
    expect([...(sam3Names(other)?.view.keys() ?? [])]).toEqual([...(sam3Names(file)?.view.keys() ?? [])]);
  });

  test('SAM 3.1: interactive neck and predictor are read, the multiplexed memory is ignored', () => {
    const multiplex = new Map([
      ...renamed(file, (key) =>
        key
          .replace('sam2_convs', 'interactive_convs')
          .replace(/^tracker\.sam_/, 'tracker.model.interactive_sam_'),
      ),
      [`${vision}.propagation_convs.0.conv_1x1.weight`, [256, 256, 1, 1]] as const,
      ['tracker.model.something_multiplexed.weight', [1]] as const,
    ]);
    const names = sam3Names(multiplex);
    expect(names?.naming).toBe('sam3.1');
    expect(names?.unknown).toEqual([]);
    expect([...(names?.view.keys() ?? [])]).toEqual([...(sam3Names(file)?.view.keys() ?? [])]);
  });
});

describe('sizes that shapes cannot tell', () => {
  test('golden config.json, the demo metadata and our own names mean the same', () => {
    const wanted = { imageSize: 168, vitHeads: 4, globalBlocks: [1, 3], heads: 8, textHeads: 3 };
    expect(sam3Overrides({ img: 168, heads: 4, glob: [1, 3], nh: 8, th: 3 })).toEqual(wanted);
    const demo = { image: 168, visionHeads: 4, globalBlocks: [1, 3], detrHeads: 8, textHeads: 3 };
    expect(metadataOverrides(new Map([['luna.config', JSON.stringify(demo)]]))).toEqual(wanted);
    expect(sam3Overrides(wanted)).toEqual(wanted);
    expect(metadataOverrides(new Map())).toEqual({});
  });

  test('metadata that is no JSON object is refused in a sentence', () => {
    for (const text of ['{', '3', 'null'])
      expect(() => metadataOverrides(new Map([['luna.config', text]]))).toThrow(/not a JSON object/);
  });

  test('sizes that contradict each other are refused in a sentence', () => {
    const shapes = sam3KeyShapes(REAL);
    expect(gridOf(sam3Config(shapes, { imageSize: 672 }))).toBe(48);
    expect(() => sam3Config(shapes, { imageSize: 1000 })).toThrow(/no multiple of its 24-token windows/);
    expect(() => sam3Config(shapes, { vitHeads: 7 })).toThrow(/does not divide into 7 heads/);
    expect(() => sam3Config(shapes, { globalBlocks: [32] })).toThrow(/global attention in block 32/);
    expect(() => sam3Config(new Map())).toThrow(/not a complete SAM 3 file/);
  });
});
