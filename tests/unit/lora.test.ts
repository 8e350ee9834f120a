import { describe, expect, it, vi } from 'vitest';
import { mergeLoras, unmatchedLoraKeys } from '#inference/lora.ts';
import { fileWeights, type WeightSource } from '#inference/weights.ts';
import type { SafetensorsFile, StoredTensor } from '#formats/safetensors/file.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { fileOf, maxDifference, rewritten } from '../golden/files.ts';
import { lora, loraFile, moduleTensors, withMetadata } from './lora-files.ts';
import { tinyUnet } from './unet-keymaps.ts';

const ATTENTION = 'input_blocks.7.1.transformer_blocks.0.attn1';
const KEY = `${ATTENTION}.to_q.weight`;
const STEM = 'lora_unet_input_blocks_7_1_transformer_blocks_0_attn1_to_q';
const CONV_KEY = 'input_blocks.7.0.in_layers.2.weight';
const CONV_STEM = 'lora_unet_input_blocks_7_0_in_layers_2';
const NORM_STEM = 'lora_unet_input_blocks_7_1_transformer_blocks_0_norm1';

/** A small UNet whose weights lie in a file, so that stored bytes exist. */
async function unet(): Promise<WeightSource> {
  const { weights } = tinyUnet();
  const tensors = await Promise.all(
    [...weights.shapes.keys()].map(async (key) => [key, await weights.float(key)] as const),
  );
  return fileWeights(await fileOf(tensors));
}

const base = await unet();
const CHANNELS = base.shapes.get(KEY)![0]!;
const plain = (seed: string) =>
  loraFile({ [STEM]: lora(CHANNELS, CHANNELS, 3) }, `${seed}.safetensors`, seed);
const a = await plain('a');
const b = await plain('b');

const merge = (...stack: (readonly [SafetensorsFile, number])[]) =>
  mergeLoras(
    base,
    'unet',
    stack.map(([file, strength]) => ({ file, strength })),
  );
const read = (source: WeightSource, key = KEY) => source.float(key);
const plus = (x: FloatTensor, y: FloatTensor, factor = 1) =>
  floatTensor(
    x.dims,
    x.data.map((value, i) => value + factor * y.data[i]!),
  );
const change = async (source: WeightSource, key = KEY) =>
  plus(await read(source, key), await read(base, key), -1);

/** Type by type and byte by byte; the matcher's own comparison takes seconds on megabytes. */
function sameStored(x: StoredTensor | null, y: StoredTensor | null): boolean {
  return x !== null && y !== null && x.dtype === y.dtype && Buffer.compare(x.bytes, y.bytes) === 0;
}

describe('merging LoRAs', () => {
  it('adds strength · up · down, with alpha over rank where alpha is given', async () => {
    const [down, up] = [await a.float(`${STEM}.lora_down.weight`), await a.float(`${STEM}.lora_up.weight`)];
    const expected = floatTensor([CHANNELS, CHANNELS]);
    for (let o = 0; o < CHANNELS; o++)
      for (let i = 0; i < CHANNELS; i++)
        for (let r = 0; r < 3; r++)
          expected.data[o * CHANNELS + i]! += up.data[o * 3 + r]! * down.data[r * CHANNELS + i]!;
    const half = await change(merge([a, 0.5]));
    expect(
      maxDifference(
        half,
        floatTensor(
          expected.dims,
          expected.data.map((v) => v / 2),
        ),
      ),
    ).toBeLessThan(1e-6);
    const alpha = floatTensor([], Float32Array.of(6));
    const scaled = await fileOf([...(await tensorsOf(a)), [`${STEM}.alpha`, alpha]]);
    expect(maxDifference(await change(merge([scaled, 0.25])), half)).toBeLessThan(1e-6);
  });

  it('takes alpha 0 for the rank, as trainers do', async () => {
    const zero = await fileOf([...(await tensorsOf(a)), [`${STEM}.alpha`, floatTensor([1])]]);
    expect(await read(merge([zero, 1]))).toEqual(await read(merge([a, 1])));
  });

  it('reads PEFT’s alpha from the metadata', async () => {
    const stem = 'unet.down_blocks.2.attentions.0.transformer_blocks.0.attn1.to_q';
    const file = await loraFile({
      [stem]: { 'lora_A.weight': [4, CHANNELS], 'lora_B.weight': [CHANNELS, 4] },
    });
    const said = (settings: object) =>
      withMetadata(file, { lora_adapter_metadata: JSON.stringify(settings) });
    const unscaled = await change(merge([file, 1]));
    for (const [settings, factor] of [
      [{ 'unet.lora_alpha': 8 }, 2],
      [{ 'unet.lora_alpha': 8, 'unet.use_rslora': true }, 4],
      [{ 'unet.lora_alpha': 8, 'unet.alpha_pattern': { 'attn1.to_q': 2 } }, 0.5],
      [{ 'text_encoder.lora_alpha': 8 }, 1],
    ] as const) {
      const scaled = await change(merge([await said(settings), 1]));
      expect(
        maxDifference(
          scaled,
          floatTensor(
            unscaled.dims,
            unscaled.data.map((v) => v * factor),
          ),
        ),
      ).toBeLessThan(2e-5);
    }
  });

  it('adds up: a then b changes by the sum of both, and strengths by their sum', async () => {
    const [da, db] = [await change(merge([a, 0.6])), await change(merge([b, -0.4]))];
    expect(maxDifference(await change(merge([a, 0.6], [b, -0.4])), plus(da, db))).toBeLessThan(2e-6);
    expect(maxDifference(await read(merge([a, 0.25], [a, 0.35])), await read(merge([a, 0.6])))).toBeLessThan(
      2e-6,
    );
    expect(maxDifference(await read(merge([a, 0.6], [a, -0.6])), await read(base))).toBeLessThan(2e-6);
  });

  it('leaves no state: A, B, A gives the first result again, and the file its own bytes', async () => {
    const before = await read(base);
    const first = await read(merge([a, 1]));
    const other = await read(merge([b, 1]));
    expect(await read(merge([a, 1]))).toEqual(first);
    expect(other).not.toEqual(first);
    expect(await read(base)).toEqual(before);
    const merged = merge([a, 1]);
    const all = await Promise.all([merged.float(KEY), merged.float(KEY), merged.rows(KEY, 1, 3)]);
    expect(all.slice(0, 2)).toEqual([first, first]);
    expect(all[2]).toEqual(floatTensor([2, CHANNELS], first.data.slice(CHANNELS, 3 * CHANNELS)));
  });

  it('does not touch other tensors, nor any at strength 0', async () => {
    const merged = merge([a, 1]);
    const float = vi.spyOn(base, 'float');
    for (const key of base.shapes.keys())
      if (key !== KEY) expect(sameStored(await merged.stored(key), await base.stored(key))).toBe(true);
    expect(await merged.stored(KEY)).toBeNull();
    expect(await merged.rows('out.0.bias', 0, 2)).toEqual(await base.rows('out.0.bias', 0, 2));
    expect(float).not.toHaveBeenCalled();
    float.mockRestore();
    expect(merge([a, 0])).toBe(base);
    expect(merge()).toBe(base);
    expect(merged.shapes).toBe(base.shapes);
  });

  it('changes biases and norms', async () => {
    const file = await loraFile({
      [CONV_STEM]: { diff: base.shapes.get(CONV_KEY)!, diff_b: [CHANNELS] },
      [NORM_STEM]: { w_norm: [CHANNELS], b_norm: [CHANNELS] },
    });
    const merged = merge([file, 0.5]);
    const cases = [
      [CONV_KEY, `${CONV_STEM}.diff`],
      [CONV_KEY.replace('weight', 'bias'), `${CONV_STEM}.diff_b`],
      [`${ATTENTION.replace('attn1', 'norm1')}.weight`, `${NORM_STEM}.w_norm`],
      [`${ATTENTION.replace('attn1', 'norm1')}.bias`, `${NORM_STEM}.b_norm`],
    ] as const;
    for (const [key, delta] of cases)
      expect(await read(merged, key)).toEqual(plus(await read(base, key), await file.float(delta), 0.5));
  });

  it('applies DoRA halfway between the weight and the merged one', async () => {
    const parts = { ...lora(CHANNELS, CHANNELS, 2), dora_scale: [CHANNELS, 1] };
    const file = await loraFile({ [STEM]: parts });
    const [whole, half] = [await change(merge([file, 1])), await change(merge([file, 0.5]))];
    expect(
      maxDifference(
        half,
        floatTensor(
          whole.dims,
          whole.data.map((v) => v / 2),
        ),
      ),
    ).toBeLessThan(1e-6);
    const merged = await read(merge([file, 1]));
    const magnitudes = await file.float(`${STEM}.dora_scale`);
    for (const row of [0, CHANNELS - 1]) {
      const norm = Math.hypot(...merged.data.subarray(row * CHANNELS, (row + 1) * CHANNELS));
      expect(norm).toBeCloseTo(Math.abs(magnitudes.data[row]!), 4);
    }
  });

  it('takes PEFT’s magnitude vector per output, in whatever shape', async () => {
    const kernelDims = base.shapes.get(CONV_KEY)!;
    const parts = {
      'lora_down.weight': [2, kernelDims[1]!, 3, 3],
      'lora_up.weight': [kernelDims[0]!, 2, 1, 1],
    };
    const file = await loraFile({ [CONV_STEM]: { ...parts, dora_scale: [kernelDims[0]!, 1, 1, 1] } });
    for (const dims of [[kernelDims[0]!], [1, kernelDims[0]!, 1, 1]]) {
      const peft = await rewritten(file, (name, tensor) =>
        name.endsWith('dora_scale')
          ? [[`${CONV_STEM}.lora_magnitude_vector.weight`, floatTensor(dims, tensor.data)]]
          : [[name, tensor]],
      );
      expect(await read(merge([peft, 0.7]), CONV_KEY)).toEqual(await read(merge([file, 0.7]), CONV_KEY));
    }
  });

  it('does not write into what the base hands out', async () => {
    const kept = await read(base);
    const keeping = { ...base, float: () => Promise.resolve(kept) };
    const merged = mergeLoras(keeping, 'unet', [{ file: a, strength: 1 }]);
    const first = await read(merged);
    expect(await read(merged)).toEqual(first);
    expect(kept).toEqual(await read(base));
  });

  it('refuses a strength that is no number', () => {
    expect(() => merge([a, Number.NaN])).toThrow('The strength of the LoRA "a.safetensors" is NaN');
  });
});

async function tensorsOf(file: SafetensorsFile) {
  return Promise.all(file.names.map(async (name) => [name, await file.float(name)] as const));
}

describe('convolutions and factored forms', () => {
  const [out, input] = base.shapes.get(CONV_KEY) as [number, number];

  it('merge alike as kernel and flattened', async () => {
    const kernel = { 'lora_down.weight': [3, input, 3, 3], 'lora_up.weight': [out, 3, 1, 1] };
    const flat = { 'lora_down.weight': [3, input * 9], 'lora_up.weight': [out, 3] };
    const [one, two] = [await loraFile({ [CONV_STEM]: kernel }), await loraFile({ [CONV_STEM]: flat })];
    expect(await read(merge([one, 1]), CONV_KEY)).toEqual(await read(merge([two, 1]), CONV_KEY));
  });

  it.each([
    [
      'LoHa',
      { hada_w1_a: [out, 2], hada_w1_b: [2, input * 9], hada_w2_a: [out, 2], hada_w2_b: [2, input * 9] },
    ],
    [
      'LoHa with cores',
      {
        ...{ hada_t1: [2, 3, 3, 3], hada_w1_a: [2, out], hada_w1_b: [3, input] },
        ...{ hada_t2: [2, 3, 3, 3], hada_w2_a: [2, out], hada_w2_b: [3, input] },
      },
    ],
    ['LoKr', { lokr_w1: [4, 2], lokr_w2: [out / 4, input / 2, 3, 3] }],
    [
      'LoKr of products',
      { lokr_w1_a: [4, 1], lokr_w1_b: [1, 2], lokr_w2_a: [out / 4, 2], lokr_w2_b: [2, (input / 2) * 9] },
    ],
    [
      'LoKr with a core',
      { lokr_w1: [4, 2], lokr_t2: [2, 3, 3, 3], lokr_w2_a: [2, out / 4], lokr_w2_b: [3, input / 2] },
    ],
    [
      'LoCon with a middle',
      {
        'lora_down.weight': [3, input, 1, 1],
        'lora_mid.weight': [2, 3, 3, 3],
        'lora_up.weight': [out, 2, 1, 1],
      },
    ],
  ])('%s changes a convolution by its formula', async (_, parts) => {
    const file = await loraFile({ [CONV_STEM]: parts });
    const at = async (part: string, ...index: number[]) => {
      const { dims, data } = await file.float(`${CONV_STEM}.${part}`);
      return data[index.reduce((flat, i, axis) => flat * dims[axis]! + i, 0)]!;
    };
    const delta = await change(merge([file, 1]), CONV_KEY);
    for (const [o, c, y, x] of [
      [0, 0, 0, 0],
      [out - 1, input - 1, 2, 1],
      [5, 7, 1, 2],
    ] as const) {
      const expected = await naive(at, parts, o, c, y, x);
      expect(delta.data[((o * input + c) * 3 + y) * 3 + x]).toBeCloseTo(expected, 4);
    }
  });

  type At = (part: string, ...index: number[]) => Promise<number>;

  /** One element of the change, from the definitions (spec/sdxl.md G.2). */
  async function naive(at: At, parts: object, o: number, c: number, y: number, x: number): Promise<number> {
    const flat = (column: number) => (column * 3 + y) * 3 + x;
    const product = async (p: string, q: string, row: number, column: number, rank: number) => {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += (await at(p, row, r)) * (await at(q, r, column));
      return sum;
    };
    const tucker = async (p: string, core: string, q: string, row: number, column: number) => {
      let sum = 0;
      for (let i = 0; i < 2; i++)
        for (let j = 0; j < 3; j++) {
          const left = p === 'lora_up.weight' ? await at(p, row, i, 0, 0) : await at(p, i, row);
          const right = q === 'lora_down.weight' ? await at(q, j, column, 0, 0) : await at(q, j, column);
          sum += left * (await at(core, i, j, y, x)) * right;
        }
      return sum;
    };
    if ('lora_mid.weight' in parts)
      return tucker('lora_up.weight', 'lora_mid.weight', 'lora_down.weight', o, c);
    if ('hada_t1' in parts)
      return (
        (await tucker('hada_w1_a', 'hada_t1', 'hada_w1_b', o, c)) *
        (await tucker('hada_w2_a', 'hada_t2', 'hada_w2_b', o, c))
      );
    if ('hada_w1_a' in parts)
      return (
        (await product('hada_w1_a', 'hada_w1_b', o, flat(c), 2)) *
        (await product('hada_w2_a', 'hada_w2_b', o, flat(c), 2))
      );
    const [blockRows, blockColumns] = [out / 4, input / 2];
    const [i, j] = [Math.floor(o / blockRows), Math.floor(c / blockColumns)];
    const [k, l] = [o % blockRows, c % blockColumns];
    const first =
      'lokr_w1' in parts ? await at('lokr_w1', i, j) : await product('lokr_w1_a', 'lokr_w1_b', i, j, 1);
    if ('lokr_w2' in parts) return first * (await at('lokr_w2', k, l, y, x));
    if ('lokr_t2' in parts) return first * (await tucker('lokr_w2_a', 'lokr_t2', 'lokr_w2_b', k, l));
    return first * (await product('lokr_w2_a', 'lokr_w2_b', k, flat(l), 2));
  }

  it('LoKr heeds alpha only where a factor is a product', async () => {
    const alpha = [`${CONV_STEM}.alpha`, floatTensor([], Float32Array.of(1))] as const;
    const full = moduleTensors(CONV_STEM, { lokr_w1: [4, 2], lokr_w2: [out / 4, input / 2, 3, 3] });
    expect(await change(merge([await fileOf([...full, alpha]), 1]), CONV_KEY)).toEqual(
      await change(merge([await fileOf(full), 1]), CONV_KEY),
    );
    const parts = { lokr_w1: [4, 2], lokr_w2_a: [out / 4, 2], lokr_w2_b: [2, (input / 2) * 9] };
    const split = moduleTensors(CONV_STEM, parts);
    const whole = await change(merge([await fileOf(split), 0.5]), CONV_KEY);
    expect(
      maxDifference(await change(merge([await fileOf([...split, alpha]), 1]), CONV_KEY), whole),
    ).toBeLessThan(1e-5);
  });
});

describe('a LoRA that does not fit', () => {
  const targets = { unet: base.shapes, clipL: null, clipG: null };

  it('is listed and left out whole', async () => {
    const wide = { ...lora(CHANNELS, CHANNELS + 1, 2) };
    const file = await loraFile({
      [STEM]: wide,
      [CONV_STEM]: { diff: base.shapes.get(CONV_KEY)!, diff_b: [CHANNELS + 1] },
      lora_te1_text_model_encoder_layers_0_mlp_fc1: lora(8, 8, 2),
      lora_unet_input_blocks_99_1_proj_in: lora(CHANNELS, CHANNELS, 2),
      [STEM.replace('to_q', 'to_v')]: lora(CHANNELS, CHANNELS, 2),
      'bundle_emb.token': { string_to_param: [1, 8] },
      [STEM.replace('to_q', 'to_k')]: { ...lora(CHANNELS, CHANNELS, 2), dora_scale: [1, CHANNELS - 1] },
    });
    expect(unmatchedLoraKeys(file, targets)).toEqual([
      STEM,
      CONV_STEM,
      'lora_te1_text_model_encoder_layers_0_mlp_fc1',
      'lora_unet_input_blocks_99_1_proj_in',
      STEM.replace('to_q', 'to_k'),
      'bundle_emb.token.string_to_param',
    ]);
    const merged = merge([file, 1]);
    for (const key of [KEY, CONV_KEY, `${ATTENTION}.to_k.weight`])
      expect(await merged.stored(key)).not.toBeNull();
    expect(await merged.stored(`${ATTENTION}.to_v.weight`)).toBeNull();
  });

  it.each([
    [
      'ranks that differ',
      { 'lora_down.weight': [3, 8], 'lora_up.weight': [8, 2] },
      /lora_up\.weight" has rank 2 where/,
    ],
    ['a half that is missing', { 'lora_down.weight': [3, 8] }, /comes without its counterpart "up"/],
    ['alpha alone', { alpha: [] }, /comes without the matrices it belongs to/],
    ['magnitudes alone', { dora_scale: [8, 1] }, /comes without the matrices it belongs to/],
    ['an alpha that is a list', { ...lora(8, 8, 2), alpha: [2] }, /alpha" should be a single number/],
    [
      'an empty matrix',
      { 'lora_down.weight': [0, 8], 'lora_up.weight': [8, 0] },
      /lora_\w+\.weight" is empty/,
    ],
    ['a vector for a matrix', { 'lora_down.weight': [8], 'lora_up.weight': [8] }, /not a matrix/],
    ['magnitudes of another size', { ...lora(8, 8, 2), dora_scale: [7, 1] }, /dora_scale" is \[7, 1\]/],
    ['two forms at once', { ...lora(8, 8, 2), diff: [8, 8] }, /diff" does not go with the other tensors/],
    [
      'a core of other ranks',
      { 'lora_down.weight': [3, 8, 1, 1], 'lora_mid.weight': [2, 2, 3, 3], 'lora_up.weight': [8, 2, 1, 1] },
      /lora_mid\.weight" is \[2, 2, 3, 3\], which does not fit/,
    ],
    [
      'Hadamard halves of two shapes',
      { hada_w1_a: [8, 2], hada_w1_b: [2, 8], hada_w2_a: [8, 2], hada_w2_b: [2, 7] },
      /hada_w2_a" makes \[8, 7\]/,
    ],
    ['a Kronecker factor with a kernel in front', { lokr_w1: [2, 2, 3], lokr_w2: [4, 4] }, /not a matrix/],
    ['the same part twice', { ...lora(8, 8, 2), 'lora_A.weight': [2, 8] }, /says the same thing as/],
  ] as const)('is refused for %s, naming file and key', async (_, parts, reason) => {
    const file = await loraFile({ [STEM]: parts }, 'broken.safetensors');
    for (const use of [() => merge([file, 1]), () => unmatchedLoraKeys(file, targets)]) {
      expect(use).toThrow(/^The LoRA "broken\.safetensors" cannot be used: its tensor "lora_unet_/);
      expect(use).toThrow(reason);
    }
  });

  it.each([
    ['lora_up.weight', Number.NaN],
    ['lora_down.weight', Infinity],
    ['alpha', Number.NaN],
  ])('is refused for a %s of %f when it is read', async (part, value) => {
    const tensors = moduleTensors(STEM, { ...lora(CHANNELS, CHANNELS, 2), alpha: [] });
    for (const [name, { data }] of tensors) if (name.endsWith(part)) data[data.length - 1] = value;
    const merged = merge([await fileOf(tensors, 'nan.safetensors'), 1]);
    await expect(merged.float(KEY)).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringContaining(
        `The LoRA "nan.safetensors" cannot be used: its tensor "${STEM}.${part}" holds`,
      ) as string,
    });
  });

  it('is refused when its product overflows', async () => {
    const tensors = moduleTensors(STEM, lora(CHANNELS, CHANNELS, 2));
    for (const [, { data }] of tensors) data.fill(3e38);
    await expect(merge([await fileOf(tensors), 1]).float(KEY)).rejects.toThrow(
      /lora_up\.weight" makes the weight grow beyond all numbers/,
    );
  });
});
