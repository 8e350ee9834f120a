/** What went wrong, as data that crosses the worker boundary. `message` is a sentence for the user. */
export type AppErrorCode =
  | 'aborted'
  | 'gpu-lost'
  | 'gpu-out-of-memory'
  | 'gpu-unsupported'
  | 'model-missing'
  | 'model-corrupt'
  | 'quota-exceeded'
  | 'bad-file'
  | 'bad-request'
  | 'internal';

/** An expected failure: `message` says what happened, why, and what to do, and names the field or file. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: AppErrorCode;

  constructor(code: AppErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
