import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { byteWords } from './byte-words.ts';

/** What the browser says is left; null when it does not say. A promise it need not keep (finding 6). */
export type FreeSpace = () => Promise<number | null>;

/**
 * The sentence for a storage call that failed while `name` was being stored.
 * AppErrors and whatever `signal` was aborted with pass through.
 */
export async function storageFailure(
  error: unknown,
  name: string,
  missingBytes: number,
  freeSpace: FreeSpace,
): Promise<AppError> {
  if (error instanceof AppError) return error;
  if (isQuota(error)) return quotaExceeded(name, missingBytes, await freeSpace().catch(() => null), error);
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return new AppError(
    'internal',
    sentence`"${name}" could not be stored: the browser's storage answered "${reason}". What was stored before is kept; try again to go on from there.`,
    { cause: error },
  );
}

function quotaExceeded(name: string, missingBytes: number, free: number | null, cause: unknown): AppError {
  const full = sentence`The browser's storage is full: "${name}" needs ${byteWords(missingBytes)} more.`;
  const room =
    free === null ? null : sentence`The browser reports about ${byteWords(free)} left for this site.`;
  return new AppError(
    'quota-exceeded',
    sentence`${room === null ? full : sentence`${full} ${room}`} Free space on the disk or remove imported models in the Models view, then import again: it goes on where it stopped. Linking the folder instead needs no space.`,
    { cause },
  );
}

function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === 'QuotaExceededError';
}
