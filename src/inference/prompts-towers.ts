import { clipTextConfig, type ClipOverrides, type ClipTextConfig } from '#models/clip/config.ts';
import { clipView, findClipTowers, type ClipTower } from '#models/clip/naming.ts';
import { AppError } from '#domain/job/app-error.ts';
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

/**
 * Finds both towers in a checkpoint or in separate files of any naming.
 * @throws AppError `model-missing` when one is not there.
 */
export function findTextTowers(files: readonly SafetensorsFile[]): TextTowers {
  const candidates = files.flatMap(textCandidates);
  const g = candidates.find(isNamedG) ?? widest(candidates.filter((candidate) => !isNamedL(candidate)));
  const l = candidates.find((candidate) => candidate !== g);
  if (!l || !g)
    throw new AppError(
      'model-missing',
      `SDXL needs two text encoders (CLIP-L and CLIP-G); ${files.map(({ source }) => `"${source.name}"`).join(', ')} holds ${candidates.length}. Please add the missing one.`,
    );
  return { l: ready(l, 'l'), g: ready(g, 'g') };
}

function textCandidates(file: SafetensorsFile): Candidate[] {
  const shapes = new Map([...file.header.tensors].map(([name, { dims }]) => [name, dims]));
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

/** Only bigG comes in OpenCLIP's naming; elsewhere the prefix says which tower it is (spec/sdxl.md C). */
function isNamedG({ tower }: Candidate): boolean {
  return tower.naming === 'openclip' || /embedders\.1\.|clip_g\.|text_encoder_2\./.test(tower.prefix);
}

function isNamedL({ tower }: Candidate): boolean {
  return /embedders\.0\.|clip_l\.|text_encoder\./.test(tower.prefix);
}

/** Of two towers without telling names the wider is bigG (1280 against 768). */
function widest(candidates: readonly Candidate[]): Candidate | undefined {
  return [...candidates].sort((a, b) => b.width - a.width)[0];
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
