/** How an SDXL checkpoint or LoRA was trained, as far as it changes steps, guidance and sampler. */
export type Family = 'sdxl' | 'pony' | 'illustrious' | 'lightning' | 'turbo' | 'lcm' | 'hyper';

/**
 * Words by which people name such files. Distilled ones come first: a Pony model with Lightning merged in wants the
 * settings of Lightning. `\b` does not see "_" or the end of "ponyXL", so words are looked for between non-letters.
 */
const WORDS: readonly (readonly [Family, RegExp])[] = [
  ['lightning', /lightning|ltng/],
  ['hyper', /(?<![a-z])hyper(?![a-z])|hyper-?sd|hypersd/],
  ['turbo', /turbo/],
  ['lcm', /(?<![a-z])lcm|(?<![a-z])dmd2?(?![a-z])/],
  ['illustrious', /illustrious|(?<![a-z])(ill?u?xl|ilxl|il)(?![a-z])|noob(ai)?|nai-?xl/],
  ['pony', /pony|score_9/],
];

/** Fields of `__metadata__` that name the model or what it was trained from (modelspec, kohya). */
const FIELDS = [
  'modelspec.title',
  'modelspec.description',
  'modelspec.tags',
  'ss_sd_model_name',
  'ss_output_name',
  'ss_base_model_version',
  'ss_training_comment',
];

/**
 * Guesses the family of an SDXL file. Advisory only: these models differ in their weights, not in tensor names or
 * shapes, so name and metadata are all there is (spec/sdxl.md H). Metadata comes first, because names are changed.
 */
export function guessFamily(name: string, metadata: ReadonlyMap<string, string>): Family {
  const texts = [FIELDS.map((field) => metadata.get(field) ?? '').join(' '), name];
  for (const text of texts) {
    const found = familyIn(text.toLowerCase());
    if (found) return found;
  }
  return 'sdxl';
}

function familyIn(text: string): Family | null {
  return WORDS.find(([, words]) => words.test(text))?.[0] ?? null;
}
