import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSafetensors } from '#node/file-source.ts';
import { exists, readJson } from './files.ts';
import { GoldenError } from './types.ts';

/** A folder of reference data and what it is about. */
export interface GoldenFolder {
  readonly dir: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** What one argument of the command stands for: folders to run, or sentences saying why one cannot be. */
export interface Discovery {
  readonly folders: readonly GoldenFolder[];
  readonly problems: readonly string[];
}

/** Finds the golden folders at `dir`: itself, or, when it is none, each folder directly inside it. */
export async function discover(dir: string): Promise<Discovery> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => null);
  if (!entries) return { folders: [], problems: [`"${dir}" is not a folder that can be read.`] };
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  if (files.some((name) => /\.(safetensors|json)$/.test(name)) || files.includes('README.md'))
    return asDiscovery(() => readFolder(dir, files));
  const inside = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  if (inside.length === 0)
    return { folders: [], problems: [`"${dir}" holds no reference data and no folders with any.`] };
  const found = await Promise.all(inside.map((entry) => discoverLeaf(join(dir, entry.name))));
  return {
    folders: found.flatMap(({ folders }) => folders),
    problems: found.flatMap(({ problems }) => problems),
  };
}

async function discoverLeaf(dir: string): Promise<Discovery> {
  return asDiscovery(async () => readFolder(dir, await readdir(dir)));
}

async function asDiscovery(read: () => Promise<GoldenFolder>): Promise<Discovery> {
  try {
    return { folders: [await read()], problems: [] };
  } catch (error) {
    if (!(error instanceof GoldenError)) throw error;
    return { folders: [], problems: [error.message] };
  }
}

async function readFolder(dir: string, files: readonly string[]): Promise<GoldenFolder> {
  const config = files.includes('config.json') ? await readConfig(dir) : {};
  const kind = typeof config['kind'] === 'string' ? config['kind'] : await kindByFiles(dir, files);
  if (!kind)
    throw new GoldenError(
      `"${dir}" is not understood: its config.json names no "kind" and its files are of no known sort.`,
    );
  return { dir, kind, config };
}

async function readConfig(dir: string): Promise<Readonly<Record<string, unknown>>> {
  const config = await readJson(dir, 'config.json');
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new GoldenError(`config.json of "${basename(dir)}" is not an object.`);
  return config as Readonly<Record<string, unknown>>;
}

/** The sorts of folder that come without a config.json are told by their files. */
async function kindByFiles(dir: string, files: readonly string[]): Promise<string | null> {
  if (files.includes('cases.json')) return 'tokenizer';
  if (files.some((name) => /_keys\.json$/.test(name))) return 'keymaps';
  if (!files.includes('outputs.safetensors')) return null;
  const { names } = await openSafetensors(join(dir, 'outputs.safetensors'));
  if (names.every((name) => /^seed\d+_/.test(name))) return 'torch_randn';
  if (names.some((name) => /\.(area|seed_formula|count_normalised)$/.test(name))) return 'noise_resample';
  if (await exists(join(dir, 'merged_samples.safetensors'))) return 'lora';
  return null;
}
