import { clipTextConfig, type ClipOverrides, type ClipTextConfig } from '#models/clip/config.ts';
import { clipView, findClipTowers, type ClipTower } from '#models/clip/naming.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { lunaConfig, lunaNumber } from './luna-config.ts';
import { fileWeights, type WeightSource } from './weights.ts';

/** One text tower ready to be emitted: weights under canonical names and what they mean. */
export interface TextTower {
  readonly weights: WeightSource;
  readonly config: ClipTextConfig;
}

/** SDXL's two text towers: OpenAI CLIP-L and OpenCLIP bigG. */
export interface TextTowers {
  readonly l: TextTower;
  readonly g: TextTower;
}

interface Candidate {
  readonly file: SafetensorsFile;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly tower: ClipTower;
  readonly width: number;
}

/** The file a person looks for when a tower is missing, by its usual name. */
const USUAL_FILES = {
  l: sentence`CLIP-L (often clip_l.safetensors)`,
  g: sentence`CLIP-bigG (often clip_g.safetensors)`,
};

/**
 * Finds both towers in a checkpoint or in separate files of any naming. Where several files hold the same tower the
 * first one counts, so files chosen on purpose go before the checkpoint.
 * @throws AppError `model-missing` saying which is not there.
 */
export function findTextTowers(files: readonly SafetensorsFile[]): TextTowers {
  const candidates = files.flatMap(textCandidates);
  const kinds = candidates.map((candidate) => towerKind(candidate, candidates));
  const [l, g] = (['l', 'g'] as const).map((kind) => candidates[kinds.indexOf(kind)]);
  if (!l || !g) throw missingTowers(files, l !== undefined, g !== undefined);
  return { l: ready(l, 'l'), g: ready(g, 'g') };
}

function missingTowers(files: readonly SafetensorsFile[], hasL: boolean, hasG: boolean): AppError {
  const names = files.map(({ source }) => `"${source.name}"`).join(', ');
  const one = hasL ? USUAL_FILES.g : USUAL_FILES.l;
  const missing = hasL || hasG ? one : sentence`${USUAL_FILES.l} and ${USUAL_FILES.g}`;
  return new AppError(
    'model-missing',
    files.length === 1
      ? sentence`SDXL needs two text encoders, and ${names} lacks ${missing}. Please add what is missing, or use a complete checkpoint.`
      : sentence`SDXL needs two text encoders, and ${names} lack ${missing}. Please add what is missing, or use a complete checkpoint.`,
  );
}

/**
 * The towers of a checkpoint, where no file was chosen to take one's place.
 * @throws AppError `model-missing` when one is not there.
 */
export function chosenTextTowers(
  checkpoint: SafetensorsFile,
  chosen: { readonly l: SafetensorsFile | null; readonly g: SafetensorsFile | null },
): TextTowers {
  const { l, g } = chosen;
  if (l && g) return { l: towerIn(l, 'l'), g: towerIn(g, 'g') };
  if (l && textCandidates(checkpoint).length < 2) return findTextTowers([l, checkpoint]);
  if (g && textCandidates(checkpoint).length < 2) return findTextTowers([checkpoint, g]);
  const own = findTextTowers([checkpoint]);
  return { l: l ? towerIn(l, 'l') : own.l, g: g ? towerIn(g, 'g') : own.g };
}

/** A chosen file may hold one tower, whatever its name, or both. */
function towerIn(file: SafetensorsFile, kind: 'l' | 'g'): TextTower {
  const candidates = textCandidates(file);
  const [only] = candidates;
  return only && candidates.length === 1 ? ready(only, kind) : findTextTowers([file])[kind];
}

function textCandidates(file: SafetensorsFile): Candidate[] {
  const shapes = file.shapes;
  return findClipTowers(shapes)
    .filter(({ modality }) => modality === 'text')
    .map((tower) => ({ file, shapes, tower, width: embeddingWidth(shapes, tower) }));
}

function embeddingWidth(
  shapes: ReadonlyMap<string, readonly number[]>,
  { naming, prefix }: ClipTower,
): number {
  const part = naming === 'hf' ? 'text_model.embeddings.' : '';
  return shapes.get(`${prefix}${part}token_embedding.weight`)?.[1] ?? 0;
}

/** CLIP-L is 768 wide, bigG 1280. */
const WIDE_TEXT = 1024;

/**
 * Which tower it is (spec/sdxl.md C): only bigG comes in OpenCLIP's naming; elsewhere the prefix says it; without one,
 * as in separate files, bigG is the wide tower, or the wider of those at hand.
 */
function towerKind({ tower, width }: Candidate, all: readonly Candidate[]): 'l' | 'g' {
  if (tower.naming === 'openclip' || /embedders\.1\.|clip_g\.|text_encoder_2\./.test(tower.prefix))
    return 'g';
  if (/embedders\.0\.|clip_l\.|text_encoder\./.test(tower.prefix)) return 'l';
  return width > WIDE_TEXT || all.some((other) => other.width < width) ? 'g' : 'l';
}

function ready({ file, shapes, tower }: Candidate, kind: 'l' | 'g'): TextTower {
  const weights = fileWeights(file, clipView(shapes, tower));
  const heads = lunaNumber(lunaConfig(file), `clip_${kind}`, 'heads');
  return textTower(weights, kind, heads === undefined ? {} : { heads });
}

/** A tower over weights that already carry canonical names. */
export function textTower(weights: WeightSource, kind: 'l' | 'g', overrides: ClipOverrides = {}): TextTower {
  return { weights, config: clipTextConfig(weights.shapes, kind, overrides) };
}
