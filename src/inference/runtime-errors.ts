import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';

const LOST = /device.*lost|lost.*device|instance dropped/i;
/** "memory copy": a weight was read but its staging buffer could not be had. */
const OUT_OF_MEMORY = /out of memory|\bOOM\b|bad_alloc|allocat|memory copy/i;

/** The tab's own memory, which has nothing to do with the graphics device's. */
const TAB_FULL = /array buffer allocation failed|invalid (typed array|array ?buffer) length/i;

/**
 * ONNX Runtime reports every failure as text: losing the device and running out of memory get the codes the page acts
 * on, the rest stays as it is. Loss comes first, since a device is often lost because of its memory.
 */
export function runtimeError(error: unknown, what: Sentence): unknown {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (LOST.test(text))
    return new AppError('gpu-lost', sentence`The graphics device was lost while ${what}. ${RESTART}`, {
      cause: error,
    });
  if (TAB_FULL.test(text))
    return new AppError(
      'internal',
      sentence`The browser tab ran out of memory while ${what}. Close other tabs and programs, then reload the page.`,
      { cause: error },
    );
  if (OUT_OF_MEMORY.test(text))
    return new AppError(
      'gpu-out-of-memory',
      sentence`Not enough memory for ${what}. Close other tabs, lower the batch or tile size, or choose a smaller model.`,
      { cause: error },
    );
  return error;
}

/** The runtime's own code aborted: nothing of it can be called any more. */
export function crashError(what: Sentence, cause: WebAssembly.RuntimeError): AppError {
  return new AppError('gpu-lost', sentence`The runtime crashed while ${what}. ${RESTART}`, { cause });
}

/** The runtime did not come back from a call. Whatever follows would overlap with it, which hangs too. */
export function hungError(what: Sentence): AppError {
  return new AppError('gpu-lost', sentence`The runtime stopped answering while ${what}. ${RESTART}`);
}

const RESTART = sentence`Finished areas are kept; reload the page, then start the job again.`;
