/** File System Access's own methods, which not every browser and context has and TypeScript does not know. */
interface AskableHandle {
  queryPermission?(descriptor: { readonly mode: 'read' }): Promise<PermissionState>;
}

/**
 * Whether a handle may be read now. Where the browser cannot be asked, trying to read answers. Asking the user
 * (`requestPermission`) needs a click and is the page's business.
 */
export async function permissionOf(handle: FileSystemHandle): Promise<PermissionState> {
  const askable = handle as AskableHandle;
  if (askable.queryPermission) return askable.queryPermission({ mode: 'read' });
  try {
    if (handle.kind === 'file') await (handle as FileSystemFileHandle).getFile();
    else await (handle as FileSystemDirectoryHandle).values().next();
    return 'granted';
  } catch (error) {
    return error instanceof Error && error.name === 'NotAllowedError' ? 'prompt' : 'granted';
  }
}
