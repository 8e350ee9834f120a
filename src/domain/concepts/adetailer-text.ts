/** One ADetailer tab: its settings by their name in lower-case words, "mask min ratio". */
export type AdetailerUnit = ReadonlyMap<string, string>;

/** The picture's own texts: `[PROMPT]` stands for them, and so does a text that is left blank. */
export interface PictureTexts {
  readonly prompt: string;
  readonly negative: string;
}

export interface AdetailerSettings {
  readonly units: readonly AdetailerUnit[];
  /** Empty where the text does not hold them. */
  readonly main: PictureTexts;
}

const MOST_UNITS = 20;
const MOST_DEPTH = 8;

/** Names that changed between versions, or between the two forms. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'mask k': 'mask k largest',
    'mask only top k': 'mask k largest',
    'mask only top k largest': 'mask k largest',
    'method to decide top k masks': 'mask filter method',
    'inpaint padding': 'inpaint only masked padding',
  }),
);

/** Reads either form; no units when there are none in it. */
export function adetailerSettings(text: string): AdetailerSettings {
  const json = jsonOf(text);
  return json === undefined ? settingsOfInfotext(text) : settingsOfJson(json);
}

function jsonOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `ADetailer model 2nd: hand.pt, ADetailer prompt 2nd: "a, b"`: the last line of A1111's `parameters`. */
function settingsOfInfotext(text: string): AdetailerSettings {
  const units = new Map<string, Map<string, string>>();
  for (const [name, value] of pairsOf(text.slice(startOfSettings(text)))) {
    const match = /^ADetailer (.+?)(?: (\d+(?:st|nd|rd|th)))?$/i.exec(name);
    if (!match?.[1]) continue;
    const tab = match[2] ?? '1st';
    const unit = units.get(tab) ?? new Map<string, string>();
    units.set(tab, unit.set(canonical(match[1]), value));
  }
  return { units: [...units.values()].filter(isUnit).slice(0, MOST_UNITS), main: mainOfInfotext(text) };
}

/** Where the line of settings begins; a text without one is all settings. */
function startOfSettings(text: string): number {
  return text.lastIndexOf('\nSteps:') + 1;
}

const NEGATIVE = '\nNegative prompt:';

/** The prompt is what comes before the first of the two lines, the negative one what lies between them. */
function mainOfInfotext(text: string): PictureTexts {
  const settings = startOfSettings(text);
  const words = settings > 0 ? text.slice(0, settings - 1) : text;
  const at = `\n${words}`.indexOf(NEGATIVE);
  if (at < 0) return { prompt: settings > 0 ? words.trim() : '', negative: '' };
  const negative = words.slice(at + NEGATIVE.length - 1).trim();
  return { prompt: words.slice(0, at).trim(), negative: settings > 0 ? negative : '' };
}

/**
 * `name: value` separated by commas; a value with commas or line ends in it is a JSON string. Nothing is looked at more
 * than a few times, however long and odd the text is.
 */
export function* pairsOf(line: string): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at < line.length;) {
    const colon = line.indexOf(':', at);
    if (colon < 0) return;
    const name = line.slice(at, colon).split(/[,\n]/).at(-1) ?? '';
    const begin = line[colon + 1] === ' ' ? colon + 2 : colon + 1;
    const [value, end] = line[begin] === '"' ? quoted(line, begin) : plain(line, begin);
    yield [name.trim(), value.trim()];
    at = end;
  }
}

function plain(line: string, begin: number): [value: string, end: number] {
  const separator = /[,\n]/g;
  separator.lastIndex = begin;
  const end = separator.exec(line)?.index ?? line.length;
  return [line.slice(begin, end), end + 1];
}

/** A JSON string; one that never ends, or is none, is taken as plain text. */
function quoted(line: string, begin: number): [value: string, end: number] {
  let end = begin + 1;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  try {
    return [JSON.parse(line.slice(begin, end + 1)) as string, end + 1];
  } catch {
    return plain(line, begin);
  }
}

/** Every object with `ad_model` in it, wherever it lies: a request of the web API, its `args`, or one tab alone. */
function settingsOfJson(json: unknown): AdetailerSettings {
  const units: AdetailerUnit[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > MOST_DEPTH || units.length >= MOST_UNITS)
      return;
    const unit = unitOfJson(value);
    if (isUnit(unit)) units.push(unit);
    else for (const part of Object.values(value)) visit(part, depth + 1);
  };
  visit(json, 0);
  const fields = new Map(typeof json === 'object' && json !== null ? Object.entries(json) : []);
  const textOf = (name: string): string => {
    const value: unknown = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  return { units, main: { prompt: textOf('prompt'), negative: textOf('negative_prompt') } };
}

function unitOfJson(value: object): AdetailerUnit {
  const fields = Object.entries(value).filter(
    ([name, field]) => name.startsWith('ad_') && ['string', 'number', 'boolean'].includes(typeof field),
  );
  return new Map(fields.map(([name, field]) => [canonical(name.slice('ad_'.length)), String(field)]));
}

function isUnit(unit: AdetailerUnit): boolean {
  return unit.has('model');
}

function canonical(name: string): string {
  const words = name.toLowerCase().replaceAll('_', ' ').replace('use separate ', 'use ').trim();
  return ALIASES.get(words) ?? words;
}
