import type { ConceptSpec } from '../job/request.ts';
import { phraseKey } from './phrase-key.ts';

/**
 * Concepts of a preset or an import as concepts of a document: each gets an id of the document's, and what refers to a
 * sibling (part of, exclude) follows. References to concepts that did not come along mean nothing and go.
 * @param newId answers an id that is not among those taken.
 * @param joined ids of the document's concepts that these become, by theirs: see {@link samePhrases}.
 */
export function adoptConcepts(
  concepts: readonly ConceptSpec[],
  taken: readonly string[],
  newId: (taken: readonly string[]) => string,
  joined: ReadonlyMap<string, string> = new Map(),
): readonly ConceptSpec[] {
  const ids = new Map<string, string>();
  for (const { id } of concepts) ids.set(id, joined.get(id) ?? newId([...taken, ...ids.values()]));
  return concepts.map((concept) => renamed(concept, ids));
}

/** Which of a document's concepts look for the same, by the ids of `concepts`: each for one of them at most. */
export function samePhrases(
  concepts: readonly ConceptSpec[],
  known: readonly ConceptSpec[],
): ReadonlyMap<string, string> {
  const free = [...known];
  const joined = new Map<string, string>();
  for (const { id, phrase } of concepts) {
    const at = free.findIndex((other) => phraseKey(other.phrase) === phraseKey(phrase));
    if (at >= 0 && phraseKey(phrase) !== '') joined.set(id, (free.splice(at, 1)[0] as ConceptSpec).id);
  }
  return joined;
}

function renamed(concept: ConceptSpec, ids: ReadonlyMap<string, string>): ConceptSpec {
  const { rules } = concept;
  const partOf = rules.partOf === null ? null : (ids.get(rules.partOf) ?? null);
  const exclude = rules.exclude.flatMap((id) => ids.get(id) ?? []);
  return { ...concept, id: ids.get(concept.id) ?? concept.id, rules: { ...rules, partOf, exclude } };
}
