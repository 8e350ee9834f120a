import type { Recipe } from '../job/request.ts';
import { checkRecipe } from '../job/schema.ts';
import { readA1111, readA1111Prompt } from './a1111.ts';
import { readComfy } from './comfy.ts';
import type { CarriedSettings, FoundSettings } from './found-settings.ts';
import { readInvoke } from './invoke.ts';
import { KEYWORDS } from './keywords.ts';

/** Where a picture may carry another tool's settings, by how directly they say what was sampled. */
const READERS: readonly (readonly [keyword: string, read: (text: string) => FoundSettings | null])[] = [
  [KEYWORDS.invoke, (text) => readInvoke(jsonOf(text))],
  [KEYWORDS.parameters, (text) => readA1111(text) ?? readA1111Prompt(text)],
  [KEYWORDS.prompt, (text) => readComfy(jsonOf(text))],
  [KEYWORDS.workflow, (text) => readComfy(jsonOf(text))],
];

/** Settings among the texts of a picture, by keyword: a recipe of ours, and the first of {@link READERS} that finds some. */
export function settingsInTexts(texts: ReadonlyMap<string, string>): CarriedSettings | null {
  const recipe = recipeIn(jsonOf(texts.get(KEYWORDS.recipe) ?? ''));
  for (const [keyword, read] of READERS) {
    const text = texts.get(keyword);
    const found = text === undefined ? null : read(text);
    if (text !== undefined && found) return { recipe, found, text };
  }
  return recipe && { recipe, found: null, text: null };
}

/** Settings in a text somebody pasted, or in a text or JSON file; null when it holds none. */
export function settingsInText(text: string): CarriedSettings | null {
  const json = jsonOf(text);
  const recipe = recipeIn(json);
  if (recipe) return { recipe, found: null, text: null };
  const found = json === undefined ? readA1111(text) : (readInvoke(json) ?? readComfy(json));
  return found && { recipe: null, found, text };
}

/** A recipe that is whole; a broken one is as good as none. */
function recipeIn(json: unknown): Recipe | null {
  const checked = checkRecipe(json);
  return checked.ok ? checked.value : null;
}

/** ComfyUI writes Python's NaN and Infinity where a node has no number; strict JSON has neither. */
const PYTHON_NUMBER = /([[:,]\s{0,8})(?:NaN|-?Infinity)(?=\s{0,8}[,\]}])/g;

/** The value of a text that looks like a JSON object; `undefined` for all else. */
function jsonOf(text: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (!trimmed.startsWith('{')) return undefined;
  for (const candidate of [trimmed, trimmed.replace(PYTHON_NUMBER, '$1null')])
    try {
      return JSON.parse(candidate) as unknown;
    } catch {
      // The next reading may do.
    }
  return undefined;
}
