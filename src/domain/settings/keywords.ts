/** Keywords of text chunks in PNGs; EXIF readers answer with the same. */
export const KEYWORDS = {
  recipe: 'luna',
  parameters: 'parameters',
  prompt: 'prompt',
  workflow: 'workflow',
  invoke: 'invokeai_metadata',
} as const;
