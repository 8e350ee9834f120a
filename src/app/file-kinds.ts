/** Endings of weight files. Those that are not safetensors are refused by the worker, which says how to convert them. */
const WEIGHT_ENDINGS = ['.safetensors', '.sft', '.ckpt', '.pt', '.pth', '.bin', '.pkl', '.gguf', '.onnx'];

/** For `accept`: what can be read comes first, and a file of another kind gets a sentence instead of being greyed out. */
export const WEIGHT_ACCEPT = WEIGHT_ENDINGS.join(',');
export const PICTURE_ACCEPT = 'image/png,image/jpeg,image/webp';

/** Whether a file is meant as a model. Its content is judged by the worker, never its name alone. */
export function isWeightName(name: string): boolean {
  return WEIGHT_ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));
}

export const MASK_ACCEPT = 'image/png,image/webp,.json,application/json';

/** Texts that may hold settings, masks or presets. */
export const TEXT_ACCEPT = '.json,application/json,.txt,text/plain';

export const isJsonName = (name: string): boolean => name.toLowerCase().endsWith('.json');

export const isPictureFile = ({ type }: File): boolean => PICTURE_ACCEPT.split(',').includes(type);
