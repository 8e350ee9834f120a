import { reasonOf } from './reason.ts';
import { messages } from './messages.ts';

/** The part of Chrome's Launch Handler API that is used; TypeScript's DOM library does not have it yet. */
interface LaunchQueue {
  setConsumer(consumer: (launch: { readonly files?: readonly FileSystemHandle[] }) => void): void;
}

/**
 * Opens what the operating system hands to the installed studio: "Open with" on a picture or a weight file
 * (`file_handlers` of the manifest). Does nothing in browsers without a launch queue.
 * @param fail is told in words which file could not be read; the others are taken all the same.
 */
export function takeLaunchedFiles(
  take: (file: File) => Promise<void>,
  fail: (sentence: string) => void,
  queue = (globalThis as { launchQueue?: LaunchQueue }).launchQueue,
): void {
  const takeEach = (handle: FileSystemHandle) => takeOne(handle, take, fail);
  queue?.setConsumer(({ files = [] }) => void takeAll(files, takeEach));
}

async function takeAll(
  handles: readonly FileSystemHandle[],
  takeEach: (handle: FileSystemHandle) => Promise<void>,
): Promise<void> {
  for (const handle of handles) if (handle.kind === 'file') await takeEach(handle);
}

async function takeOne(
  handle: FileSystemHandle,
  take: (file: File) => Promise<void>,
  fail: (sentence: string) => void,
): Promise<void> {
  try {
    await take(await (handle as FileSystemFileHandle).getFile());
  } catch (error) {
    fail(messages.errors.notRead(handle.name, reasonOf(error)));
  }
}
