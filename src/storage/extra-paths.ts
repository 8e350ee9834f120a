import { sentence, type Sentence } from '#domain/job/sentence.ts';
import { EXTRA_MODEL_PATHS, isAbsolutePath, pathComponents } from '#formats/extra-model-paths.ts';
import { folderAt } from './folder-listing.ts';

/** A folder inside the linked one, with the names that lead to it. */
export interface FoundFolder {
  readonly directory: FileSystemDirectoryHandle;
  readonly path: readonly string[];
}

/**
 * The folder a path of extra_model_paths.yaml means, if it lies inside the linked one. A page never learns where on
 * disk a linked folder is: an absolute path counts as inside when what follows the linked folder's name in it exists.
 * @param folder where the YAML file lies, for relative paths
 */
export async function findExtraPath(
  root: FileSystemDirectoryHandle,
  folder: readonly string[],
  path: string,
): Promise<FoundFolder | null> {
  for (const candidate of candidates(root.name, folder, path)) {
    const directory = await folderAt(root, candidate);
    if (directory) return { directory, path: candidate };
  }
  return null;
}

function candidates(
  rootName: string,
  folder: readonly string[],
  path: string,
): readonly (readonly string[])[] {
  const within = isAbsolutePath(path) ? null : pathComponents([...folder, path].join('/'));
  if (within) return [within];
  // "../ComfyUI/models" climbs out and comes back: it is searched for like an absolute path.
  const parts = path.split(/[/\\]+/);
  const suffixes = parts
    .map((part, i) => (isSameName(part, rootName) ? pathComponents(parts.slice(i + 1).join('/')) : null))
    .filter((suffix) => suffix !== null);
  return suffixes.reverse();
}

/** File systems of Windows and macOS do not tell "ComfyUI" from "comfyui". */
function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** What to do about a path that leads out of the linked folder. */
export function outsideSentence(path: string, rootName: string): Sentence {
  return sentence`${EXTRA_MODEL_PATHS} names "${path}", which is not inside the linked folder "${rootName}". If there are models in it, link that folder too.`;
}
