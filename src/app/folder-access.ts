/**
 * The parts of the File System Access API that the DOM types leave out. Only Chromium browsers have them: everything
 * is looked for before it is used.
 */

interface PickerWindow {
  showDirectoryPicker?(options: { id: string; mode: 'read' }): Promise<FileSystemDirectoryHandle>;
}

interface Askable {
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}

interface DroppedItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** Whether this browser can link folders; without it a folder's files are good for one session. */
export function canLinkFolders(): boolean {
  return 'showDirectoryPicker' in globalThis;
}

/**
 * Lets the user choose a folder. Null when they do not, or when the browser refuses the folder they chose.
 * @throws when the browser cannot show its dialog or open the folder.
 */
export async function pickFolder(): Promise<FileSystemDirectoryHandle | null> {
  try {
    return (await (globalThis as PickerWindow).showDirectoryPicker?.({ id: 'models', mode: 'read' })) ?? null;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

/** Asks for the folder to be read in this visit. Must be called from a click: otherwise the answer is no. */
export async function askToRead(handle: FileSystemDirectoryHandle): Promise<boolean> {
  const asking = (handle as Askable).requestPermission?.({ mode: 'read' });
  return (await asking?.catch(() => 'denied' as const)) === 'granted';
}

/** Folders and files of a drop. Must be called inside the event: its items are gone afterwards. */
export async function droppedItems(
  transfer: DataTransfer,
): Promise<{ readonly folders: readonly FileSystemDirectoryHandle[]; readonly files: readonly File[] }> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const taken = items.map((item) => ({
    file: item.getAsFile(),
    handle: (item as DroppedItem).getAsFileSystemHandle?.() ?? Promise.resolve(null),
  }));
  const handles = await Promise.all(taken.map(({ handle }) => handle.catch(() => null)));
  const isFolder = (index: number) => handles[index]?.kind === 'directory';
  return {
    folders: handles.filter((handle): handle is FileSystemDirectoryHandle => handle?.kind === 'directory'),
    files: taken.flatMap(({ file }, index) => (file && !isFolder(index) ? [file] : [])),
  };
}
