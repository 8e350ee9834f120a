import { createContext } from 'svelte';
import type { Commands } from '#app/commands.ts';
import type { Studio } from '#app/studio.ts';
import type { Sync } from '#app/sync.svelte.ts';

/** What every component may reach: the studio, its link to the worker and the commands of keys and buttons. */
export interface StudioContext {
  readonly studio: Studio;
  readonly sync: Sync;
  readonly run: Commands;
}

export const [useStudio, provideStudio] = createContext<StudioContext>();
