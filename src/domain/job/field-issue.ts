import { getDotPath, type BaseIssue } from 'valibot';
import { Sentence, sentence } from './sentence.ts';

/** Kinds of value that a schema asks for, by valibot's name. */
const KINDS: Readonly<Record<string, Sentence>> = {
  number: sentence`is not a number`,
  string: sentence`is not text`,
  boolean: sentence`is neither true nor false`,
  array: sentence`is not a list`,
  object: sentence`is not a group of fields`,
};

/**
 * "sampling.steps: is below 1": the field that is wrong, and how, in our words: valibot's own are English alone. A schema
 * with a rule of its own gives `check` the template of a sentence as its message.
 */
export function issueSentence(issue: BaseIssue<unknown>): Sentence {
  return sentence`${getDotPath(issue) ?? sentence`the whole of it`}: ${faultOf(issue)}`;
}

function faultOf({ kind, type, received, expected, requirement, message }: BaseIssue<unknown>): Sentence {
  if (received === 'undefined') return sentence`is missing`;
  const limit = String(requirement);
  switch (type) {
    case 'check':
      return new Sentence(message);
    case 'integer':
      return sentence`is not a whole number`;
    case 'min_value':
      return sentence`is below ${Number(limit)}`;
    case 'max_value':
      return sentence`is above ${Number(limit)}`;
    case 'min_length':
      return sentence`is shorter than ${Number(limit)}`;
    case 'max_length':
      return sentence`is longer than ${Number(limit)}`;
  }
  const known = kind === 'schema' ? KINDS[type] : undefined;
  return known ?? sentence`is ${received}, not ${expected ?? type}`;
}
