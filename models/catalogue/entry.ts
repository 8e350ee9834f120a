import type { Family } from '../family.ts';
import type { ModelFile } from '../model-file.ts';

/** The parts a job is made of; the same words as the worker's contract uses. */
export type CatalogueRole =
  'checkpoint' | 'text-l' | 'text-g' | 'autoencoder' | 'vision' | 'ip-adapter' | 'sam3' | 'lora';

/** A file of a public model hub. */
export interface HubSource {
  readonly kind: 'hub';
  /** "owner/name" on huggingface.co. */
  readonly repo: string;
  readonly path: string;
  /** Commit, or "main" where no commit with this very file could be confirmed; the hash decides in any case. */
  readonly revision: string;
}

/** A page where the user gets the file; the studio does not fetch it. */
export interface PageSource {
  readonly kind: 'page';
  readonly url: string;
}

/** One known weight file. Null is "could not be confirmed", never a guess. */
export interface CatalogueEntry {
  readonly id: string;
  readonly title: string;
  /** What recognition says of such a file; `upscaler` is not recognised yet. */
  readonly kind: ModelFile['kind'] | 'upscaler';
  /** The roles it fills by itself; empty for what the studio cannot use yet. */
  readonly roles: readonly CatalogueRole[];
  /** Roles that must be filled too before this file has an effect. */
  readonly needs: readonly CatalogueRole[];
  readonly fileName: string;
  readonly bytes: number | null;
  /** Of the whole file, 64 hex digits in lower case. */
  readonly sha256: string | null;
  readonly licence: { readonly name: string; readonly url: string };
  /** The hub gives it only to accounts that accepted its terms, with an access token. */
  readonly gated: boolean;
  readonly source: HubSource | PageSource;
  /** How it was trained, where that decides the preset. */
  readonly family: Family | null;
  /** Whether this version of the studio can run it. */
  readonly usable: boolean;
  /** One sentence for the user: what it is good for, or why it cannot be used. */
  readonly sentence: string;
}
