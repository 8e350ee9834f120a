import { SINGLE_ROLES } from '#domain/job/model-roles.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { ModelFiles } from '#pipelines/assemble.ts';
import type { ModelInfo, ModelSelection, SingleRole } from './api.ts';
import type { LibraryFile, ModelLibrary } from './library.ts';

/** The opened files of a selection, and what a recipe says about them. */
export interface ModelSet {
  readonly files: ModelFiles;
  readonly info: readonly ModelInfo[];
  /** Entry ids of the LoRAs, in the order of `files.loras`. */
  readonly loraIds: readonly string[];
}

/**
 * Opens what a selection names.
 * @returns null while no checkpoint is chosen. @throws AppError naming the file that cannot be read.
 */
export async function openSet(library: ModelLibrary, selection: ModelSelection): Promise<ModelSet | null> {
  const { roles, prediction } = selection;
  const open = reader(library);
  const file = async (role: SingleRole) => (roles[role] === null ? null : open(roles[role]));
  const checkpoint = await file('checkpoint');
  if (!checkpoint) return null;
  const loras = await Promise.all(
    selection.loras.map(async ({ id, strength }) => ({ file: await open(id), strength })),
  );
  const files: ModelFiles = {
    checkpoint,
    textL: await file('text-l'),
    textG: await file('text-g'),
    autoencoder: await file('autoencoder'),
    vision: await file('vision'),
    ipAdapter: await file('ip-adapter'),
    sam3: await file('sam3'),
    loras,
    prediction,
  };
  return { files, info: describeSet(library, selection), loraIds: selection.loras.map(({ id }) => id) };
}

/** Each file is opened once, however many roles it plays. */
function reader(library: ModelLibrary): (id: string) => Promise<SafetensorsFile> {
  const opened = new Map<string, Promise<SafetensorsFile>>();
  return (id) => {
    const file = opened.get(id) ?? library.open(id);
    opened.set(id, file);
    return file;
  };
}

function describeSet(library: ModelLibrary, { roles, loras }: ModelSelection): ModelInfo[] {
  const singles = SINGLE_ROLES.flatMap((role) => {
    const file = roles[role] === null ? undefined : library.get(roles[role]);
    return file ? [modelInfo(role, file)] : [];
  });
  const stack = loras.flatMap(({ id, strength }) => {
    const file = library.get(id);
    return file ? [{ ...modelInfo('lora', file), strength }] : [];
  });
  return [...singles, ...stack];
}

function modelInfo(role: ModelInfo['role'], { place, entry }: LibraryFile): ModelInfo {
  const { name, bytes, origin } = place;
  const family = role === 'checkpoint' ? { family: entry.family } : {};
  return { role, name, description: entry.sentence, bytes, demo: origin === 'demo', ...family };
}
