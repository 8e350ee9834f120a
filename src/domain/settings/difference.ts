import { phraseKey } from '../concepts/phrase-key.ts';
import type { DocumentState, RefineParameters } from '../document/state.ts';
import { sameValue } from '../document/same-value.ts';
import type { ConceptSpec } from '../job/request.ts';

/** What a setting can be that is shown before and after. */
export type SettingValue = string | number | boolean;

/** One thing that is another in the second of two documents. */
export type SettingsChange =
  | {
      readonly kind: 'parameter';
      /** The part of the parameters, or the parameter itself where that has no parts. */
      readonly section: keyof RefineParameters;
      readonly key: string;
      readonly before: SettingValue;
      readonly after: SettingValue;
    }
  | { readonly kind: 'concept-added' | 'concept-removed'; readonly phrase: string }
  | {
      readonly kind: 'concept';
      readonly phrase: string;
      readonly key: keyof ConceptSpec;
      /** Null where it is more than one value: rules, examples. */
      readonly before: SettingValue | null;
      readonly after: SettingValue | null;
    }
  | { readonly kind: 'detections' | 'layers'; readonly before: number; readonly after: number };

/** What the user reads first: words, then how they are painted, then the rest in its usual order. */
const FIRST: readonly string[] = [
  ...['global.prompt', 'global.negative'],
  ...['sampling.steps', 'sampling.guidanceScale', 'sampling.sampler', 'sampling.scheduler'],
  ...['scaffold.seed', 'global.denoise'],
];

/** All settings in which two documents differ; concepts by their phrase, for ids mean nothing across documents. */
export function settingsDifference(before: DocumentState, after: DocumentState): readonly SettingsChange[] {
  return [
    ...parameterChanges(before.parameters, after.parameters),
    ...conceptChanges(before.concepts, after.concepts),
    ...countChange('detections', before.candidates.length, after.candidates.length),
    ...countChange('layers', before.layers.length, after.layers.length),
  ];
}

function parameterChanges(before: RefineParameters, after: RefineParameters): SettingsChange[] {
  const [old, fresh] = [leaves(before), leaves(after)];
  const changes = [...fresh].flatMap(([path, { section, key, value }]): [string, SettingsChange][] => {
    const was = old.get(path)?.value;
    if (was === undefined || was === value) return [];
    return [[path, { kind: 'parameter', section, key, before: was, after: value }]];
  });
  const rank = (path: string) => (FIRST.includes(path) ? FIRST.indexOf(path) : FIRST.length);
  return changes.sort(([a], [b]) => rank(a) - rank(b)).map(([, change]) => change);
}

interface Leaf {
  readonly section: keyof RefineParameters;
  readonly key: string;
  readonly value: SettingValue;
}

function leaves(parameters: RefineParameters): ReadonlyMap<string, Leaf> {
  const found = new Map<string, Leaf>();
  for (const section of Object.keys(parameters) as (keyof RefineParameters)[]) {
    const part: unknown = parameters[section];
    const entries = typeof part === 'object' && part !== null ? Object.entries(part) : [[section, part]];
    for (const [key, value] of entries as [string, SettingValue][])
      found.set(key === section ? section : `${section}.${key}`, { section, key, value });
  }
  return found;
}

function conceptChanges(before: readonly ConceptSpec[], after: readonly ConceptSpec[]): SettingsChange[] {
  const old = byPhrase(before);
  const fresh = byPhrase(after);
  return [
    ...[...fresh].flatMap(([phrase, concept]): SettingsChange[] => {
      const was = old.get(phrase);
      return was ? fieldChanges(was, concept) : [{ kind: 'concept-added', phrase: concept.phrase.trim() }];
    }),
    ...[...old].flatMap(([phrase, { phrase: said }]): SettingsChange[] =>
      fresh.has(phrase) ? [] : [{ kind: 'concept-removed', phrase: said.trim() }],
    ),
  ];
}

/** Slots that say nothing are none. */
function byPhrase(concepts: readonly ConceptSpec[]): ReadonlyMap<string, ConceptSpec> {
  const named = concepts.map((concept) => [phraseKey(concept.phrase), concept] as const);
  return new Map(named.filter(([phrase]) => phrase !== ''));
}

/** What a concept is called, and what was answered about it, are no settings. */
const UNCOMPARED: ReadonlySet<keyof ConceptSpec> = new Set(['id', 'phrase', 'answeredPhrase']);

function fieldChanges(before: ConceptSpec, after: ConceptSpec): SettingsChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof ConceptSpec)[];
  return keys
    .filter((key) => !UNCOMPARED.has(key) && !sameValue(before[key], after[key]))
    .map((key) => ({
      kind: 'concept',
      phrase: after.phrase.trim(),
      key,
      before: scalar(before[key]),
      after: scalar(after[key]),
    }));
}

function scalar(value: unknown): SettingValue | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function countChange(kind: 'detections' | 'layers', before: number, after: number): SettingsChange[] {
  return before === after ? [] : [{ kind, before, after }];
}
