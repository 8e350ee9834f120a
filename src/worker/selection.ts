import { SINGLE_ROLES } from '#domain/job/model-roles.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ModelFile, SdxlFile } from '#models/model-file.ts';
import type { ModelSelection, ModelsState, SingleRole } from './api.ts';
import type { LibraryFile, LibraryPlace } from './library.ts';
import { folderOf, nameOf } from './paths.ts';

type Roles = ModelSelection['roles'];

export const NO_MODELS: ModelSelection = {
  roles: {
    checkpoint: null,
    'text-l': null,
    'text-g': null,
    autoencoder: null,
    vision: null,
    'ip-adapter': null,
    sam3: null,
  },
  loras: [],
  prediction: 'auto',
};

/**
 * The selection with one role filled or emptied. A new checkpoint keeps what fits it, lets go of what does not, and
 * finds its missing parts in the library: those of its own folder first.
 */
export function selected(
  library: readonly LibraryFile[],
  current: ModelSelection,
  role: SingleRole,
  id: string | null,
): ModelSelection {
  const filled = { ...current, roles: { ...current.roles, [role]: id } };
  const checkpoint = role === 'checkpoint' ? checkpointOf(library, id) : null;
  if (role === 'ip-adapter' && id !== null) return completed(library, filled, ['vision']);
  if (!checkpoint || id === null) return filled;
  const kept = Object.fromEntries(
    SINGLE_ROLES.map((each) => [each, keeps(library, checkpoint, each, filled.roles[each])]),
  ) as Record<SingleRole, string | null>;
  const changed = current.roles.checkpoint !== id;
  return completed(library, {
    roles: { ...kept, checkpoint: id },
    loras: isDemo(library, id) ? [] : current.loras,
    prediction: changed ? 'auto' : current.prediction,
  });
}

function keeps(
  library: readonly LibraryFile[],
  checkpoint: SdxlFile,
  role: SingleRole,
  id: string | null,
): string | null {
  const file = library.find(({ place }) => place.id === id);
  if (!file) return null;
  // The demo's detector stays for want of a better one.
  if (role === 'sam3' && file.place.origin !== 'demo') return id;
  return file.place.origin !== 'demo' && fits(file.model, role, checkpoint) ? id : null;
}

/** Fills empty roles that the checkpoint needs or profits from, where the library has something that fits. */
function completed(
  library: readonly LibraryFile[],
  selection: ModelSelection,
  profitable: readonly SingleRole[] = ['ip-adapter', 'vision', 'sam3'],
): ModelSelection {
  const { checkpoint: id } = selection.roles;
  const checkpoint = checkpointOf(library, id);
  const file = library.find(({ place }) => place.id === id);
  if (!checkpoint || !file) return selection;
  const roles: Record<SingleRole, string | null> = { ...selection.roles };
  for (const role of [...file.entry.needs, ...profitable])
    roles[role] ??= candidate(library, file, checkpoint, role, roles);
  return { ...selection, roles };
}

function candidate(
  library: readonly LibraryFile[],
  checkpointFile: LibraryFile,
  checkpoint: SdxlFile,
  role: SingleRole,
  roles: Roles,
): string | null {
  const demo = checkpointFile.place.origin === 'demo';
  const fitting = library.filter(
    ({ place, entry, model }) =>
      entry.gives.includes(role) &&
      !entry.gives.includes('checkpoint') &&
      (role === 'sam3' || (place.origin === 'demo') === demo) &&
      fits(model, role, checkpoint) &&
      (role !== 'vision' || seesFor(model, library, roles['ip-adapter'])),
  );
  return [...fitting].sort((a, b) => rank(checkpointFile, a) - rank(checkpointFile, b))[0]?.place.id ?? null;
}

/** Own models before the demo's, the checkpoint's folder (a diffusers set) before others. */
function rank({ place: home }: LibraryFile, { place }: LibraryFile): number {
  // "unet" and "vae" of two linked folders have the same parent path, and nothing to do with each other.
  const set = ({ id, folder }: LibraryPlace) => `${/^linked:[^/]+/.exec(id)?.[0] ?? ''}/${folderOf(folder)}`;
  const near = place.origin === home.origin && set(place) === set(home) ? 0 : 1;
  return (place.origin === 'demo' ? 2 : 0) + near;
}

/** Whether a file's own facts let it play a role beside this checkpoint. What only its tensors show is said later. */
function fits(model: ModelFile | null, role: SingleRole, checkpoint: SdxlFile): boolean {
  switch (model?.kind) {
    case 'vae':
    case 'taesd':
      return role === 'autoencoder' && model.latentChannels === checkpoint.unet.outChannels;
    case 'ip-adapter':
      return role === 'ip-adapter' && model.config.contextDim === checkpoint.unet.contextDim;
    case 'clip-text':
      return model.towers.some(({ which }) => role === (which === 'clip-l' ? 'text-l' : 'text-g'));
    case 'clip-vision':
      return role === 'vision';
    case 'sam3':
      return role === 'sam3';
    default:
      return false;
  }
}

/** The vision tower must be as wide as what a plus adapter reads; base adapters read a projection of any tower. */
function seesFor(
  model: ModelFile | null,
  library: readonly LibraryFile[],
  adapterId: string | null,
): boolean {
  const adapter = library.find(({ place }) => place.id === adapterId)?.model;
  if (adapter?.kind !== 'ip-adapter' || model?.kind !== 'clip-vision') return true;
  return adapter.config.kind !== 'plus' || adapter.config.imageDim === model.width;
}

export function checkpointOf(library: readonly LibraryFile[], id: string | null): SdxlFile | null {
  const model = library.find(({ place }) => place.id === id)?.model;
  return model?.kind === 'sdxl' ? model : null;
}

function isDemo(library: readonly LibraryFile[], id: string): boolean {
  return library.find(({ place }) => place.id === id)?.place.origin === 'demo';
}

/** Roles that stay empty, and what that means. `wanted` was chosen at an earlier visit and cannot be read yet. */
export function missingParts(
  library: readonly LibraryFile[],
  { roles }: ModelSelection,
  wanted: ModelSelection | null = null,
): ModelsState['missing'] {
  const told = (role: SingleRole) => {
    const waiting = wanted?.roles[role];
    return waiting ? waitingSentence(nameOf(waiting)) : SENTENCES[role];
  };
  const file = library.find(({ place }) => place.id === roles.checkpoint);
  if (!file) return [{ role: 'checkpoint', required: true, sentence: told('checkpoint') }];
  const required = file.entry.needs.filter((role) => roles[role] === null);
  const optional = (['vision', 'ip-adapter', 'sam3'] as const).filter((role) => roles[role] === null);
  return [
    ...required.map((role) => ({ role, required: true, sentence: told(role) })),
    ...optional.map((role) => ({ role, required: false, sentence: told(role) })),
  ];
}

function waitingSentence(name: string): Sentence {
  return sentence`"${name}" waits until its folder may be read: allow it again in the library.`;
}

const SENTENCES: Readonly<Record<SingleRole, Sentence>> = {
  checkpoint: sentence`Choose an SDXL checkpoint, or go back to the demo pack.`,
  'text-l': sentence`This checkpoint holds no CLIP-L text encoder. Add clip_l.safetensors, or text_encoder of its diffusers folder.`,
  'text-g': sentence`This checkpoint holds no CLIP-G text encoder. Add clip_g.safetensors, or text_encoder_2 of its diffusers folder.`,
  autoencoder: sentence`This checkpoint holds no VAE. Add one for SDXL, such as sdxl_vae.safetensors.`,
  vision: sentence`Image anchors are off until a CLIP vision model is chosen, CLIP-ViT-H for ip-adapter-plus.`,
  'ip-adapter': sentence`Image anchors are off until an IP-Adapter for SDXL is chosen, such as ip-adapter-plus_sdxl_vit-h.`,
  sam3: sentence`Nothing can be found by name until a SAM 3 model is chosen; masks can be painted by hand.`,
};
