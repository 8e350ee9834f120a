/** The part of Chrome's Launch Handler API that is used; TypeScript's DOM library does not have it yet. */
interface LaunchQueue {
  setConsumer(consumer: (launch: { readonly files?: readonly FileSystemHandle[] }) => void): void;
}

/**
 * Opens what the operating system hands to the installed studio: "Open with" on a picture or a weight file
 * (`file_handlers` of the manifest). Does nothing in browsers without a launch queue.
 */
export function takeLaunchedFiles(
  take: (file: File) => Promise<void>,
  queue = (globalThis as { launchQueue?: LaunchQueue }).launchQueue,
): void {
  queue?.setConsumer(({ files = [] }) => void takeAll(files, take));
}

async function takeAll(
  handles: readonly FileSystemHandle[],
  take: (file: File) => Promise<void>,
): Promise<void> {
  for (const handle of handles)
    if (handle.kind === 'file') await take(await (handle as FileSystemFileHandle).getFile());
}
