import { CHECKPOINTS } from './checkpoints.ts';
import type { CatalogueEntry, CatalogueRole } from './entry.ts';
import { PARTS } from './parts.ts';

/** All known files, in the order they should be shown. */
export const CATALOGUE: readonly CatalogueEntry[] = [...CHECKPOINTS, ...PARTS];

/** What each role is for, and whether the main job needs it. */
export const ROLE_PURPOSES: Readonly<
  Record<CatalogueRole, { readonly required: boolean; readonly sentence: string }>
> = {
  checkpoint: { required: true, sentence: 're-paints; complete checkpoints bring text encoders and VAE' },
  'text-l': { required: true, sentence: 'reads the prompts, first half; in every complete checkpoint' },
  'text-g': { required: true, sentence: 'reads the prompts, second half; in every complete checkpoint' },
  autoencoder: { required: true, sentence: 'turns pixels into latents and back; in most checkpoints' },
  sam3: { required: true, sentence: 'finds what you name; masks can be painted by hand without it' },
  vision: { required: false, sentence: 'looks at each crop for the IP-Adapter' },
  'ip-adapter': { required: false, sentence: 'keeps each crop true to its look; needs a vision model' },
  lora: { required: false, sentence: 'changes style, subject or number of steps of a checkpoint' },
};

const byId = new Map(CATALOGUE.map((entry) => [entry.id, entry]));
const byHash = new Map(CATALOGUE.flatMap((entry) => (entry.sha256 ? [[entry.sha256, entry] as const] : [])));

/** The entry of this id; undefined where the catalogue has none. */
export function catalogueEntry(id: string): CatalogueEntry | undefined {
  return byId.get(id);
}

/** The known file with this SHA-256 (hex, any case): certainly this one. */
export function knownByHash(sha256: string): CatalogueEntry | undefined {
  return byHash.get(sha256.toLowerCase());
}

/**
 * The known file of this size that recognition gives this kind: probably this one, because the size holds the length
 * of its header too. Undefined when several known files match.
 */
export function knownByStructure(bytes: number, kind: CatalogueEntry['kind']): CatalogueEntry | undefined {
  const matches = CATALOGUE.filter((entry) => entry.bytes === bytes && entry.kind === kind);
  return matches.length === 1 ? matches[0] : undefined;
}

/** The known files that fill a role, in the order they should be shown. */
export function catalogueFor(role: CatalogueRole): readonly CatalogueEntry[] {
  return CATALOGUE.filter(({ roles }) => roles.includes(role));
}

/** The page of a model, for the user to read before anything is fetched. */
export function sourcePage({ source }: CatalogueEntry): string {
  return source.kind === 'page' ? source.url : `https://huggingface.co/${source.repo}`;
}
