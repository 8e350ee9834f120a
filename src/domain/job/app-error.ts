import { say, Sentence, type SentenceData, type Words } from './sentence.ts';

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

/**
 * An expected failure: `message` says what happened, why, and what to do, and names the field or file. `sentence` is the
 * same with its values apart, so that the page can say it in another language; a text with values in it has to be given
 * as one.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: AppErrorCode;
  readonly sentence: SentenceData;

  constructor(code: AppErrorCode, message: Words, options?: { readonly cause?: unknown }) {
    super(say(message), options);
    this.code = code;
    this.sentence = typeof message === 'string' ? new Sentence(message) : message;
  }
}
