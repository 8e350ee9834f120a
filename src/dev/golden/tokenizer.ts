import * as v from 'valibot';
import { encodeBpe, EOS } from '#domain/prompt/bpe.ts';
import type { TextCleaning } from '#domain/prompt/clean-text.ts';
import {
  CHUNK_LENGTH,
  PAD_G,
  PAD_L,
  tokenizePrompt,
  withPadding,
  type PromptChunk,
} from '#domain/prompt/chunks.ts';
import { BREAK, parseA1111 } from '#domain/prompt/parse-a1111.ts';
import { checkExact } from './compare.ts';
import { readJson } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** README of tokenizer: ids exact, weights 1e-6. */
const WEIGHT_TOLERANCE = 1e-6;

const Ids = v.array(v.number());
const Chunk = v.object({ ids: Ids, weights: v.array(v.number()), length: v.number() });
const Case = v.object({
  text: v.string(),
  ids: Ids,
  ids_openai_openclip_no_ftfy: v.optional(Ids),
  ids_hf_slow_no_ftfy: v.optional(Ids),
  comfy_l: v.array(Chunk),
  a1111_parse: v.optional(v.array(v.tuple([v.string(), v.number()]))),
  a1111_chunks: v.optional(v.array(Chunk)),
});
const Cases = v.object({ pad_l: v.literal(PAD_L), pad_g: v.literal(PAD_G), cases: v.array(Case) });

type GoldenChunk = v.InferOutput<typeof Chunk>;

/** Golden tokenizer: ids under each cleaning, and chunks with weights in both prompt syntaxes. */
export async function run({ dir, report }: GoldenContext): Promise<void> {
  const parsed = v.safeParse(Cases, await readJson(dir, 'cases.json'));
  if (!parsed.success)
    throw new GoldenError(
      `cases.json of the tokenizer folder is not understood: ${v.summarize(parsed.issues)}`,
    );
  parsed.output.cases.forEach((golden, index) => {
    const check = (what: string, differences: number) => {
      report(checkExact(`${index}.${what}`, differences, `for ${JSON.stringify(golden.text.slice(0, 60))}`));
    };
    const ids = (cleaning: TextCleaning, expected: readonly number[]) => {
      check(`ids.${cleaning}`, countDifferences(encodeBpe(golden.text, cleaning), expected, 0));
    };
    ids('fast', golden.ids);
    ids('openai', golden.ids_openai_openclip_no_ftfy ?? golden.ids);
    ids('hf-slow', golden.ids_hf_slow_no_ftfy ?? golden.ids);
    const comfy = tokenizePrompt(golden.text, 'comfy');
    check('comfy_l', chunkDifferences(comfy, golden.comfy_l, PAD_L));
    check('comfy_g', chunkDifferences(comfy, golden.comfy_l, PAD_G));
    if (golden.a1111_parse) check('a1111_parse', parseDifferences(golden.text, golden.a1111_parse));
    if (golden.a1111_chunks)
      check(
        'a1111_chunks',
        chunkDifferences(tokenizePrompt(golden.text, 'a1111'), golden.a1111_chunks, PAD_L),
      );
  });
}

function countDifferences(actual: readonly number[], expected: readonly number[], tolerance: number): number {
  const common = Math.min(actual.length, expected.length);
  const different = expected
    .slice(0, common)
    .filter((value, i) => !(Math.abs(value - (actual[i] as number)) <= tolerance));
  return different.length + Math.abs(actual.length - expected.length);
}

/** The files leave trailing padding out. */
function chunkDifferences(
  actual: readonly PromptChunk[],
  expected: readonly GoldenChunk[],
  pad: number,
): number {
  const each = expected.map(({ ids, weights, length }, i) => {
    const chunk = actual[i];
    if (!chunk || length !== CHUNK_LENGTH || ids.at(-1) !== EOS) return CHUNK_LENGTH;
    const fill = (values: readonly number[], filler: number) => [
      ...values,
      ...new Array<number>(length - values.length).fill(filler),
    ];
    return (
      countDifferences(withPadding(chunk.ids, pad), fill(ids, pad), 0) +
      countDifferences(chunk.weights, fill(weights, 1), WEIGHT_TOLERANCE)
    );
  });
  return each.reduce((sum, count) => sum + count, 0) + Math.abs(actual.length - expected.length);
}

/** The files write a chunk break as ["BREAK", -1]. */
function parseDifferences(text: string, expected: readonly (readonly [string, number])[]): number {
  const actual = parseA1111(text).map((item) => (item === BREAK ? { text: 'BREAK', weight: -1 } : item));
  const common = expected.slice(0, actual.length);
  const different = common.filter(([piece, weight], i) => {
    const item = actual[i];
    return item?.text !== piece || Math.abs(item.weight - weight) > WEIGHT_TOLERANCE;
  });
  return different.length + Math.abs(actual.length - expected.length);
}
