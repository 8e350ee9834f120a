import { reasonOf } from './reason.ts';
import { messages } from './messages.ts';

/** The part of Chrome's Launch Handler API that is used; TypeScript's DOM library does not have it yet. */
interface LaunchQueue {
  setConsumer(consumer: (launch: { readonly files?: readonly FileSystemHandle[] }) => void): void;
}

/**
 * Opens what the operating system hands to the installed studio: "Open with" on a picture or a weight file
 * (`file_handlers` of the manifest). Does nothing in browsers without a launch queue.
 * @param take gets what was opened together.
 * @param fail is told in words which file could not be read; the others are taken all the same.
 */
export function takeLaunchedFiles(
  take: (files: readonly File[]) => Promise<void>,
  fail: (sentence: string) => void,
  queue = (globalThis as { launchQueue?: LaunchQueue }).launchQueue,
): void {
  const read = async (handles: readonly FileSystemHandle[]) => {
    const files = await Promise.all(handles.filter(isFile).map((handle) => fileOf(handle, fail)));
    await take(files.filter((file) => file !== null));
  };
  queue?.setConsumer(({ files = [] }) => void read(files));
}

const isFile = (handle: FileSystemHandle): handle is FileSystemFileHandle => handle.kind === 'file';

async function fileOf(handle: FileSystemFileHandle, fail: (sentence: string) => void): Promise<File | null> {
  try {
    return await handle.getFile();
  } catch (error) {
    fail(messages.errors.notRead(handle.name, reasonOf(error)));
    return null;
  }
}
