import * as v from 'valibot';
import { AppError } from '../job/app-error.ts';
import type { ConceptSpec } from '../job/request.ts';
import { issueSentence } from '../job/field-issue.ts';
import { conceptSchema } from '../job/schema.ts';
import { sentence, type Sentence } from '../job/sentence.ts';

const APP = 'Luna Studio';
const KIND = 'concepts';
const VERSION = 1;

/** A named set of concepts, as saved and shared. Their ids are unique in the set only (see adoptConcepts). */
export interface ConceptPreset {
  readonly name: string;
  readonly concepts: readonly ConceptSpec[];
}

/** Every kind of file of this app says what it is before anything else is read. */
const headerSchema = v.object({
  app: v.literal(APP),
  kind: v.literal(KIND),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

const presetSchema = v.object({
  name: v.pipe(v.string(), v.maxLength(200)),
  concepts: v.pipe(
    v.array(conceptSchema),
    v.minLength(1),
    v.maxLength(100),
    v.check(
      (concepts) => new Set(concepts.map(({ id }) => id)).size === concepts.length,
      sentence`two have one id`.id,
    ),
  ),
});

/** The preset as the text of a JSON file. */
export function exportPreset({ name, concepts }: ConceptPreset): string {
  return `${JSON.stringify({ app: APP, kind: KIND, version: VERSION, name, concepts }, null, 2)}\n`;
}

/**
 * Reads what {@link exportPreset} wrote. Fields it does not know are ignored.
 * @throws AppError bad-file when it is no preset, one of a newer version, or broken; the sentence names the field.
 */
export function readPreset(text: string): ConceptPreset {
  const value = parsed(text);
  const header = v.safeParse(headerSchema, value);
  if (!header.success)
    throw bad(
      sentence`This is not a concept preset of Luna Studio. Choose a .json file that was exported as a preset.`,
    );
  const { version } = header.output;
  if (version > VERSION)
    throw bad(
      sentence`This preset was made by a newer Luna Studio: it has version ${version}, this one reads up to ${VERSION}. Reload the studio to update it, or export the preset again from the older one.`,
    );
  const preset = v.safeParse(presetSchema, value);
  if (preset.success) return preset.output as ConceptPreset;
  const fault = issueSentence(preset.issues[0]);
  throw bad(sentence`This preset is damaged: ${fault}. Export it again where it came from.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (cause) {
    throw new AppError(
      'bad-file',
      'This preset cannot be read: it is no complete JSON. Export or download it again.',
      { cause },
    );
  }
}

function bad(message: Sentence): AppError {
  return new AppError('bad-file', message);
}
