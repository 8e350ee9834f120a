import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { ByteSource } from '#formats/byte-source.ts';
import { permissionOf } from './permission.ts';

/** A user's file, with the time it was last changed when it was opened (milliseconds since 1970). */
export interface WatchedSource extends ByteSource {
  readonly lastModified: number;
}

/**
 * The bytes of a user's file as it is now. A File is a snapshot that the browser stops reading once the file changes
 * on disk; when a read fails, the reason is looked up and told.
 * @throws AppError, here and from `read`: `model-missing` when the file is gone or reading is no longer allowed,
 *   `bad-file` when it changed or cannot be read.
 */
export async function watchedSource(origin: FileSystemFileHandle | File): Promise<WatchedSource> {
  const file = 'getFile' in origin ? await snapshot(origin) : origin;
  const handle = 'getFile' in origin ? origin : null;
  return {
    name: file.name,
    size: file.size,
    lastModified: file.lastModified,
    read: async (begin, end) => {
      const bytes = await readSlice(file, begin, end).catch(async (cause: unknown) => {
        throw await whyUnreadable(file, handle, cause);
      });
      if (bytes.length !== end - begin) throw await whyUnreadable(file, handle, null);
      return bytes;
    },
  };
}

async function readSlice(file: File, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(begin, end).arrayBuffer());
}

async function snapshot(handle: FileSystemFileHandle): Promise<File> {
  try {
    return await handle.getFile();
  } catch (cause) {
    if (await isWithdrawn(handle)) throw withdrawn(handle.name, cause);
    throw isNamed(cause, 'NotFoundError') ? deleted(handle.name, cause) : unreadable(handle.name, cause);
  }
}

async function whyUnreadable(
  file: File,
  handle: FileSystemFileHandle | null,
  cause: unknown,
): Promise<AppError> {
  // Without a handle nothing can be looked up: a File only says that it is not what it was.
  if (!handle)
    return isNamed(cause, 'NotReadableError') || cause === null
      ? changed(file.name, cause)
      : isNamed(cause, 'NotFoundError')
        ? deleted(file.name, cause)
        : unreadable(file.name, cause);
  try {
    const now = await snapshot(handle);
    const same = now.size === file.size && now.lastModified === file.lastModified;
    return same ? unreadable(file.name, cause) : changed(file.name, cause);
  } catch (error) {
    return error instanceof AppError ? error : unreadable(file.name, error);
  }
}

async function isWithdrawn(handle: FileSystemFileHandle): Promise<boolean> {
  return (await permissionOf(handle).catch(() => 'granted')) !== 'granted';
}

function changed(name: string, cause: unknown): AppError {
  return new AppError(
    'bad-file',
    sentence`"${name}" changed while it was being read; nothing of it was used. Wait until whatever writes it has finished, then scan the folder again or choose the file again.`,
    { cause },
  );
}

function withdrawn(name: string, cause: unknown): AppError {
  return new AppError(
    'model-missing',
    sentence`"${name}" may no longer be read, because the permission for its folder was withdrawn. Allow reading the folder again in the Models view, then try again.`,
    { cause },
  );
}

function deleted(name: string, cause: unknown): AppError {
  return new AppError(
    'model-missing',
    sentence`"${name}" is no longer where it was: it was moved, renamed or deleted. Put it back, or scan the folder again.`,
    { cause },
  );
}

function unreadable(name: string, cause: unknown): AppError {
  return new AppError(
    'bad-file',
    cause instanceof Error
      ? sentence`"${name}" could not be read. The browser says: ${cause.message || cause.name}. Check that its drive is connected and try again.`
      : sentence`"${name}" could not be read. Check that its drive is connected and try again.`,
    { cause },
  );
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
