import type { ConceptSpec } from '../job/request.ts';

/**
 * Concepts of a preset or an import as concepts of a document: each gets an id of the document's, and what refers to a
 * sibling (part of, exclude) follows. References to concepts that did not come along mean nothing and go.
 * @param newId answers an id that is not among those taken.
 */
export function adoptConcepts(
  concepts: readonly ConceptSpec[],
  taken: readonly string[],
  newId: (taken: readonly string[]) => string,
): readonly ConceptSpec[] {
  const ids = new Map<string, string>();
  for (const { id } of concepts) ids.set(id, newId([...taken, ...ids.values()]));
  return concepts.map((concept) => renamed(concept, ids));
}

function renamed(concept: ConceptSpec, ids: ReadonlyMap<string, string>): ConceptSpec {
  const { rules } = concept;
  const partOf = rules.partOf === null ? null : (ids.get(rules.partOf) ?? null);
  const exclude = rules.exclude.flatMap((id) => ids.get(id) ?? []);
  return { ...concept, id: ids.get(concept.id) ?? concept.id, rules: { ...rules, partOf, exclude } };
}
