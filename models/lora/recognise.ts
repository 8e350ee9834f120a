import { Sentence, sentence, type SentenceValue } from '#domain/job/sentence.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';
import type { ModelFile } from '../model-file.ts';
import { namingOfStem, targetOfStem, type LoraNaming, type LoraTarget } from './names.ts';
import { parseLora, type LoraFamily, type LoraModule } from './parse.ts';

/** Names that only LoRA files have. FaceID adapters say `to_q_lora.down` too, but without a processor around it. */
const MARK =
  /^(lora_|lycoris_)|\.(lora_(A|B|up|down|mid|magnitude_vector)|lora(_linear_layer)?\.(up|down)|processor\.to_[a-z]+_lora\.(up|down)|hada_w[12]_[ab]|lokr_w[12](_[ab])?)(\.|$)|^diffusion_model\..+\.diff(_b)?$/;

/** Width of the text that cross-attention reads, in the families the studio cannot use. */
const OTHER_CONTEXT: Readonly<Record<number, string>> = { 768: '1.x', 1024: '2.x' };

/**
 * What a LoRA file is, from names and shapes; null for other files.
 * @throws AppError `model-corrupt` when the tensors of a module contradict each other.
 */
export function recogniseLora(shapes: ShapeTable): ModelFile | null {
  if (![...shapes.keys()].some((key) => MARK.test(key))) return null;
  const { modules } = parseLora(shapes, null);
  return otherFamily(modules) ?? otherVersion(modules) ?? facts(modules);
}

function refused(what: string, why: Sentence): ModelFile {
  return { kind: 'refused', what, sentence: why };
}

function otherFamily(modules: readonly LoraModule[]): ModelFile | null {
  const [first] = modules;
  if (!first)
    return refused(
      'other LoRA',
      sentence`This LoRA is of a form that the studio does not know (OFT, GLoRA or similar).`,
    );
  if (modules.some(({ stem }) => targetOfStem(stem))) return null;
  return refused(
    'other LoRA',
    sentence`This LoRA is for another kind of model (it changes "${first.stem}"); the studio refines with the SDXL family.`,
  );
}

/** Cross-attention's keys and values are as wide as the text: 768 in SD 1.x, 1024 in 2.x, 2048 in SDXL. */
function otherVersion(modules: readonly LoraModule[]): ModelFile | null {
  const cross = modules.find(({ stem, delta }) => delta && /attn2[._](processor\.)?to_[kv]$/.test(stem));
  const version = OTHER_CONTEXT[cross?.delta?.dims[1] ?? 0];
  if (!version) return null;
  return refused(
    `LoRA for SD ${version}`,
    sentence`This LoRA is for Stable Diffusion ${version}; it does not fit the SDXL checkpoints that the studio uses.`,
  );
}

function facts(modules: readonly LoraModule[]): ModelFile {
  const deltas = modules.flatMap(({ delta }) => delta ?? []);
  const families = [...new Set(deltas.map(({ family }) => family))];
  const ranks = [...new Set(deltas.flatMap(({ rank }) => rank ?? []))].sort((a, b) => b - a);
  const present = new Set(modules.map(({ stem }) => targetOfStem(stem)));
  const known = {
    naming: namingOfStem(modules[0]?.stem ?? ''),
    families,
    dora: deltas.some(({ dora }) => dora !== null),
    targets: (['unet', 'clip-l', 'clip-g'] as const).filter((target) => present.has(target)),
    modules: modules.length,
    rank: ranks[0] ?? null,
  };
  return { kind: 'lora', ...known, sentence: describe(known, ranks.length > 1) };
}

const FAMILY_NAMES: Readonly<Record<LoraFamily, SentenceValue | null>> = {
  lora: null,
  locon: 'LoCon',
  loha: 'LoHa',
  lokr: 'LoKr',
  diff: sentence`full differences`,
};

interface Facts {
  readonly naming: LoraNaming;
  readonly families: readonly LoraFamily[];
  readonly dora: boolean;
  readonly targets: readonly LoraTarget[];
  readonly rank: number | null;
}

function describe({ naming, families, dora, targets, rank }: Facts, mixedRanks: boolean): Sentence {
  const details = [
    naming,
    ...families.flatMap((family) => FAMILY_NAMES[family] ?? []),
    ...(dora ? ['DoRA'] : []),
    ...(rank === null ? [] : [mixedRanks ? sentence`rank up to ${rank}` : sentence`rank ${rank}`]),
  ];
  const list = new Sentence(details.map((_, index) => `{${index}}`).join(', '), details);
  return sentence`A LoRA (${list}) for ${targetWords(targets)}.`;
}

function targetWords(targets: readonly LoraTarget[]): Sentence {
  const text = targets.filter((target) => target !== 'unet');
  if (text.length === 0) return sentence`the UNet`;
  const encoders =
    text.length === 2
      ? sentence`both text encoders`
      : sentence`the text encoder ${text[0] === 'clip-l' ? 'CLIP-L' : 'CLIP-bigG'}`;
  return targets.includes('unet') ? sentence`the UNet and ${encoders}` : encoders;
}
