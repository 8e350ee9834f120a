import { phraseKey } from '../concepts/phrase-key.ts';
import type { DocumentCommand } from '../document/commands.ts';
import type { DocumentState, RefineParameters } from '../document/state.ts';
import type { ConceptSpec, RefineRequest } from '../job/request.ts';
import type { FoundSettings } from './found-settings.ts';

/** Puts another tool's settings into a document: its prompts are about the whole picture. */
export function applyFound({ parameters }: DocumentState, found: FoundSettings): DocumentCommand {
  const { sampling, scaffold, global, promptSyntax } = parameters;
  return {
    type: 'set-parameters',
    patch: {
      sampling: { ...sampling, ...found.sampling },
      scaffold: { ...scaffold, seed: found.seed ?? scaffold.seed },
      global: {
        ...global,
        prompt: found.prompt ?? global.prompt,
        negative: found.negative ?? global.negative,
        denoise: found.denoise ?? global.denoise,
      },
      promptSyntax: found.syntax ?? promptSyntax,
    },
  };
}

/**
 * Puts the settings of a recipe into a document about another picture: parameters, and what its concepts say. Concepts
 * of the same phrase are the same; masks and examples belong to the recipe's picture and stay there.
 * @param freshId gives the id of a new concept among those taken.
 */
export function applyRecipeSettings(
  { concepts, candidates }: DocumentState,
  request: RefineRequest,
  freshId: (taken: readonly string[]) => string,
): DocumentCommand[] {
  const ids = new Map(concepts.map(({ id, phrase }) => [phraseKey(phrase) || id, id]));
  const taken = concepts.map(({ id }) => id);
  const idOf = new Map<string, string>();
  for (const { id, phrase } of request.concepts) {
    const own = ids.get(phraseKey(phrase)) ?? freshId(taken);
    // A recipe may ask for one phrase twice, with different settings: the second is a concept of its own.
    ids.delete(phraseKey(phrase));
    taken.push(own);
    idOf.set(id, own);
  }
  const known = new Set(concepts.map(({ id }) => id));
  const hasOwn = ({ id, examples = [] }: ConceptSpec) =>
    examples.length > 0 || candidates.some(({ conceptId }) => conceptId === id);
  // Slots nobody has used yet make room.
  const unused = concepts.filter((concept) => phraseKey(concept.phrase) === '' && !hasOwn(concept));
  return [
    { type: 'set-parameters', patch: parametersOf(request) },
    ...(request.concepts.length > 0 ? unused : []).map(({ id }): DocumentCommand => ({
      type: 'remove-concept',
      id,
    })),
    ...request.concepts.map((concept): DocumentCommand => {
      const { id, ...more } = adopted(concept, idOf);
      if (known.has(id)) return { type: 'update-concept', id, patch: { ...UNSET, ...more } };
      known.add(id);
      return { type: 'add-concept', concept: { id, ...more } };
    }),
  ];
}

function parametersOf({
  version: _version,
  concepts: _concepts,
  detections: _detections,
  ...parameters
}: RefineRequest): RefineParameters {
  return parameters;
}

/** What a recipe does not say about a concept is not set afterwards either. */
const UNSET = { tilePx: undefined, featherPx: undefined } as const;

/** A concept under its id in the document, as are those its rules name; without boxes of another picture. */
function adopted(
  { examples: _examples, ...concept }: ConceptSpec,
  idOf: ReadonlyMap<string, string>,
): ConceptSpec {
  const { rules } = concept;
  const partOf = rules.partOf === null ? null : (idOf.get(rules.partOf) ?? null);
  const exclude = rules.exclude.flatMap((id) => idOf.get(id) ?? []);
  return { ...concept, id: idOf.get(concept.id) ?? concept.id, rules: { ...rules, partOf, exclude } };
}
