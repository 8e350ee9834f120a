import { documents } from './documents.ts';
import { formats } from './formats.ts';
import { models } from './models.ts';
import { networks } from './networks.ts';
import { settings } from './settings.ts';
import { storage } from './storage.ts';
import { worker } from './worker.ts';

/** German of everything the worker says, by its English template (`src/domain/job/sentence.ts`). */
export const sentences: Readonly<Record<string, string>> = {
  ...documents,
  ...formats,
  ...models,
  ...networks,
  ...settings,
  ...storage,
  ...worker,
};
