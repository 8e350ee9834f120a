import { isSettingsName } from './concept-settings-text.ts';
import { isWeightName } from './file-kinds.ts';
import { messages } from './messages.ts';
import type { Studio } from './studio.ts';

/** More names than these are counted. */
const NAMED = 3;

/** Takes files that came together: models and texts all, of pictures the first, for one document is open at a time. */
export async function takeFiles(studio: Studio, files: readonly File[]): Promise<void> {
  const pictures = files.filter(({ name }) => !isWeightName(name) && !isSettingsName(name));
  const [taken, ...left] = pictures;
  for (const file of files) if (!left.includes(file)) await studio.takeFile(file);
  if (!taken || left.length === 0) return;
  const names = left.slice(0, NAMED).map(({ name }) => name);
  studio.notifier.info(messages.welcome.onePicture(taken.name, names.join(', '), left.length - names.length));
}
