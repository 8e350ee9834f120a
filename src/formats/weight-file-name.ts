import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';

const PICKLES = /\.(ckpt|pt|pth|bin|pkl)$/i;

/**
 * Refuses formats that can run code when they are opened. There is no unpickler here on purpose.
 * The content still decides what a file is; the name only makes the refusal helpful.
 * @throws AppError `bad-file` with the way to convert.
 */
export function refuseByName(name: string): void {
  if (PICKLES.test(name))
    throw new AppError(
      'bad-file',
      sentence`"${name}" is a pickle file, which can run programs hidden inside it, so it is never opened here. Convert it to .safetensors (for example with ComfyUI's "Save Checkpoint" node or the safetensors converter on Hugging Face) and choose that.`,
    );
}
