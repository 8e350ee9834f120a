import type { ConceptSpec } from '../job/request.ts';
import type { Layer } from './layer.ts';
import type { Candidate, DocumentState, RefineParameters } from './state.ts';

/**
 * Everything that can be done to a document, as plain data. Unknown ids change nothing: a command may arrive after
 * its target went.
 */
export type DocumentCommand =
  | { readonly type: 'add-concept'; readonly concept: ConceptSpec }
  | { readonly type: 'update-concept'; readonly id: string; readonly patch: Partial<Omit<ConceptSpec, 'id'>> }
  | { readonly type: 'move-concept'; readonly id: string; readonly to: number }
  /** With its candidates; layers already painted stay. */
  | { readonly type: 'remove-concept'; readonly id: string }
  | { readonly type: 'add-candidates'; readonly candidates: readonly Candidate[] }
  | {
      readonly type: 'update-candidates';
      readonly ids: readonly string[];
      readonly patch: Partial<Omit<Candidate, 'id'>>;
    }
  | { readonly type: 'remove-candidates'; readonly ids: readonly string[] }
  /** A new detection run, a split or a union: `candidates` is the whole new list. */
  | {
      readonly type: 'set-candidates';
      readonly candidates: readonly Candidate[];
      readonly presence: Readonly<Record<string, number>>;
    }
  | { readonly type: 'set-parameters'; readonly patch: Partial<RefineParameters> }
  /** What a run, a merge or a duplication makes of the stack, bottom first. Layers that stay keep their identity. */
  | { readonly type: 'set-layers'; readonly layers: readonly Layer[] }
  | {
      readonly type: 'update-layers';
      readonly ids: readonly string[];
      readonly patch: Partial<Omit<Layer, 'id'>>;
    }
  | { readonly type: 'remove-layers'; readonly ids: readonly string[] }
  | { readonly type: 'move-layer'; readonly id: string; readonly to: number }
  /** Replaces all of it: a recipe taken over, a snapshot brought back. */
  | { readonly type: 'replace-document'; readonly state: DocumentState };

/** The document after a command. Parts the command does not concern keep their identity. */
export function applyCommand(state: DocumentState, command: DocumentCommand): DocumentState {
  switch (command.type) {
    case 'add-concept':
      return { ...state, concepts: [...state.concepts, command.concept] };
    case 'update-concept':
      return { ...state, concepts: patched(state.concepts, [command.id], command.patch) };
    case 'move-concept':
      return { ...state, concepts: moved(state.concepts, command.id, command.to) };
    case 'remove-concept':
      return removeConcept(state, command.id);
    case 'add-candidates':
      return { ...state, candidates: [...state.candidates, ...command.candidates] };
    case 'update-candidates':
      return { ...state, candidates: patched(state.candidates, command.ids, command.patch) };
    case 'remove-candidates':
      return { ...state, candidates: without(state.candidates, command.ids) };
    case 'set-candidates':
      return { ...state, candidates: command.candidates, presence: command.presence };
    case 'set-parameters':
      return { ...state, parameters: { ...state.parameters, ...command.patch } };
    case 'set-layers':
      return { ...state, layers: command.layers };
    case 'update-layers':
      return { ...state, layers: patched(state.layers, command.ids, command.patch) };
    case 'remove-layers':
      return { ...state, layers: without(state.layers, command.ids) };
    case 'move-layer':
      return { ...state, layers: moved(state.layers, command.id, command.to) };
    case 'replace-document':
      return command.state;
  }
}

interface Entity {
  readonly id: string;
}

function patched<T extends Entity>(
  items: readonly T[],
  ids: readonly string[],
  patch: Partial<Omit<NoInfer<T>, 'id'>>,
): readonly T[] {
  const next = items.map((item) => (ids.includes(item.id) ? patchedItem(item, patch) : item));
  return next.some((item, i) => item !== items[i]) ? next : items;
}

/** A thing that has these values already stays itself, so that saying them again is no step. */
function patchedItem<T extends Entity>(item: T, patch: Partial<Omit<NoInfer<T>, 'id'>>): T {
  const now = new Map(Object.entries(item));
  const same = Object.entries(patch).every(([key, value]) => now.get(key) === value);
  return same ? item : { ...item, ...patch };
}

function without<T extends Entity>(items: readonly T[], ids: readonly string[]): readonly T[] {
  const left = items.filter(({ id }) => !ids.includes(id));
  return left.length === items.length ? items : left;
}

/** `to` is the index in the list after the move, held inside it. */
function moved<T extends Entity>(items: readonly T[], id: string, to: number): readonly T[] {
  const item = items.find((candidate) => candidate.id === id);
  if (!item) return items;
  const rest = items.filter((candidate) => candidate !== item);
  const at = Math.max(0, Math.min(rest.length, Math.round(to)));
  return [...rest.slice(0, at), item, ...rest.slice(at)];
}

function removeConcept(state: DocumentState, id: string): DocumentState {
  const presence = Object.fromEntries(Object.entries(state.presence).filter(([key]) => key !== id));
  return {
    ...state,
    concepts: without(state.concepts, [id]).map((concept) => forgetConcept(concept, id)),
    candidates: state.candidates.filter(({ conceptId }) => conceptId !== id),
    presence,
  };
}

/** Rules that name a concept which is gone mean nothing. */
function forgetConcept(concept: ConceptSpec, id: string): ConceptSpec {
  const { rules } = concept;
  if (rules.partOf !== id && !rules.exclude.includes(id)) return concept;
  const partOf = rules.partOf === id ? null : rules.partOf;
  return { ...concept, rules: { ...rules, partOf, exclude: rules.exclude.filter((other) => other !== id) } };
}
