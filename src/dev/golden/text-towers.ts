import { dirname, join } from 'node:path';
import { textTower, type TextTower, type TextTowers } from '#inference/prompts-towers.ts';
import type { PromptIds } from '#inference/prompts.ts';
import { openTensors, readJson } from './files.ts';
import { towerOverrides, towerWeights } from './towers.ts';
import { GoldenError } from './types.ts';

/** Both text towers of neighbouring folders, and what their empty prompt is. */
export interface GoldenTowers {
  readonly towers: TextTowers;
  readonly empty: PromptIds;
}

/** Opens `../clip_l/weights.safetensors` and its fellow, with the head counts and special ids of their config.json. */
export async function openTextTowers(dir: string, pathL: string, pathG: string): Promise<GoldenTowers> {
  const l = await openTower(dir, pathL, 'l');
  const g = await openTower(dir, pathG, 'g');
  return {
    towers: { l: l.tower, g: g.tower },
    empty: { l: l.empty, g: g.empty, weights: l.empty.map(() => 1) },
  };
}

async function openTower(
  dir: string,
  path: string,
  kind: 'l' | 'g',
): Promise<{ readonly tower: TextTower; readonly empty: readonly number[] }> {
  const config = (await readJson(join(dir, dirname(path)), 'config.json')) as Readonly<
    Record<string, unknown>
  >;
  const weights = towerWeights(await openTensors(dir, path), 'text');
  const tower = textTower(weights, kind, towerOverrides(config));
  const [bos, eos, pad] = ['bos', 'eos', 'pad'].map((key) => specialId(config, key, path));
  const empty = Array.from({ length: tower.config.context }, (_, i) => [bos, eos][i] ?? pad) as number[];
  return { tower, empty };
}

function specialId(config: Readonly<Record<string, unknown>>, key: string, path: string): number {
  const value = config[key];
  if (typeof value !== 'number')
    throw new GoldenError(`the config.json beside ${path} has no number "${key}".`);
  return value;
}
