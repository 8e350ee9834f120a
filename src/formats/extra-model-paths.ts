import { LineCounter, parseDocument } from 'yaml';
import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';

/** The file's name in a ComfyUI folder. */
export const EXTRA_MODEL_PATHS = 'extra_model_paths.yaml';

/** Real files have two or three kilobytes; parsing hostile text takes seconds per megabyte. */
export const EXTRA_MODEL_PATHS_MAX_BYTES = 256 * 2 ** 10;
const MAX_ALIASES = 100;
const MAX_PATHS = 1000;
/** Brackets in the file, and columns before a line's first word. */
const MAX_NESTING = 100;

/** One path of the file: where models of a kind lie. */
export interface ExtraModelPath {
  /** The folder kind as ComfyUI names it: "checkpoints", "loras", … */
  readonly kind: string;
  /** `base_path` joined with the path, as written: maybe absolute, maybe of another system. */
  readonly path: string;
}

/**
 * Paths of ComfyUI's `extra_model_paths.yaml`: sections of `base_path` and folder kinds, each with one path or several
 * lines of them. Only the YAML core schema is understood, without merge keys and tags; the text is data from anywhere.
 * @throws AppError `bad-file` when it is too big, no YAML, or nested beyond reason.
 */
export function parseExtraModelPaths(bytes: Uint8Array, name = EXTRA_MODEL_PATHS): readonly ExtraModelPath[] {
  if (bytes.length > EXTRA_MODEL_PATHS_MAX_BYTES) throw refusal(name, sentence`it is larger than 256 KiB`);
  const root = parseYaml(new TextDecoder().decode(bytes), name);
  const paths: ExtraModelPath[] = [];
  for (const section of mapValues(root)) {
    if (!(section instanceof Map)) continue;
    for (const [kind, value] of section) {
      if (kind === 'base_path' || kind === 'is_default' || typeof kind !== 'string') continue;
      for (const path of linesOf(value)) paths.push({ kind, path: join(section.get('base_path'), path) });
      if (paths.length > MAX_PATHS) throw refusal(name, sentence`it lists more than ${MAX_PATHS} paths`);
    }
  }
  return paths;
}

function parseYaml(text: string, name: string): unknown {
  if (mayNestDeeply(text)) throw refusal(name, sentence`it is nested too deeply`);
  const lines = new LineCounter();
  try {
    // Duplicate keys are let through: looking for them takes quadratic time, and the last one wins anyway.
    const document = parseDocument(text, {
      schema: 'core',
      merge: false,
      uniqueKeys: false,
      // Finding line and column takes linear time for each of maybe very many errors.
      prettyErrors: false,
      lineCounter: lines,
    });
    const error = document.errors[0];
    if (error) throw new SyntaxError(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
    return document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (cause) {
    // Besides syntax errors: alias bombs (ReferenceError).
    const reason = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : '';
    throw refusal(name, sentence`it is not readable as YAML (${reason})`, cause);
  }
}

/**
 * Whether collections could lie in each other deeper than any real file has them. Asked before parsing, because a
 * parser that runs out of stack inside a regular expression takes the whole process with it (seen with V8).
 */
function mayNestDeeply(text: string): boolean {
  // Levels come from brackets, and from what a line begins with: indentation and "- - -".
  let brackets = 0;
  for (const char of text) if (char === '[' || char === '{') brackets++;
  return brackets > MAX_NESTING || text.split('\n').some((line) => leadLength(line) > MAX_NESTING);
}

function leadLength(line: string): number {
  const lead = line.search(/[^\s?:-]/);
  return lead < 0 ? line.trim().length : lead;
}

function mapValues(value: unknown): Iterable<unknown> {
  return value instanceof Map ? value.values() : [];
}

function linesOf(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? (value as unknown[]) : [value];
  return texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) => text.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function join(base: unknown, path: string): string {
  if (typeof base !== 'string' || base.trim() === '' || isAbsolutePath(path)) return path;
  return `${base.trim().replace(/[/\\]+$/, '')}/${path}`;
}

/** Of any system: "/home/me", "C:\\models", "\\\\server\\share", "~/models". */
export function isAbsolutePath(path: string): boolean {
  return /^([/\\~%$]|[A-Za-z]:[/\\])/.test(path);
}

/** Components without "." and with ".." applied; null when it climbs above its start. */
export function pathComponents(path: string): readonly string[] | null {
  const components: string[] = [];
  for (const part of path.split(/[/\\]+/)) {
    if (part === '' || part === '.') continue;
    if (part !== '..') components.push(part);
    else if (components.pop() === undefined) return null;
  }
  return components;
}

function refusal(name: string, reason: Sentence, cause?: unknown): AppError {
  return new AppError(
    'bad-file',
    sentence`"${name}" was not used, because ${reason}. Models in the folder itself are found without it.`,
    { cause },
  );
}
