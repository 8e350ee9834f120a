import type { ComfyGraph, ComfyNode } from '../concepts/comfy-nodes.ts';
import { literalAt } from './comfy-values.ts';

type Role = 'positive' | 'negative';

/** Inputs over which a conditioning passes a node that changes it, nearest to its role first. */
const CONDITIONINGS = [
  'conditioning',
  'conditioning_1',
  'conditioning_2',
  'conditioning_to',
  'conditioning_from',
];
/** What an encoder calls its words. */
const WORDS = ['text', 'text_g', 'text_l', 'prompt', 'populated_text', 'wildcard_text'];
const MOST_NODES = 200;

/**
 * The words a sampler is told or told to avoid: along the links of its conditioning to whatever encodes a text, also
 * through guiders, ControlNets and combinations. Several texts are joined.
 * @returns null when no words are found.
 */
export function promptBehind(graph: ComfyGraph, sampler: ComfyNode, role: Role): string | null {
  const seen = new Set([sampler.id]);
  const queue = nextOf(sampler, role, true);
  const found: string[] = [];
  // The queue grows while it is walked.
  for (const id of queue) {
    const node = graph.get(id);
    if (!node || seen.has(id) || seen.size > MOST_NODES) continue;
    seen.add(id);
    if (node.type === 'ConditioningZeroOut') found.push('');
    else {
      const words = wordsAt(graph, node, role);
      if (words.length > 0) found.push(...words);
      else queue.push(...nextOf(node, role, false));
    }
  }
  if (found.length === 0) return null;
  return [...new Set(found.map((text) => text.trim()))].filter((text) => text !== '').join(', ');
}

/** Encoders have words; loaders that encode have them under the name of their role. */
function wordsAt(graph: ComfyGraph, node: ComfyNode, role: Role): string[] {
  const encodes = /TextEncode|Prompt|Encoder/i.test(node.type);
  const names = encodes ? [role, ...WORDS] : [role];
  return names
    .filter((name) => name !== role || !leadsOn(graph, node, role))
    .map((name) => literalAt(graph, node, name))
    .filter((value) => typeof value === 'string');
}

/** Whether what is linked under the role's name is a conditioning: then it is walked, not read. */
function leadsOn(graph: ComfyGraph, { links }: ComfyNode, role: Role): boolean {
  const linked = graph.get(links.get(role) ?? '');
  return linked !== undefined && /TextEncode|Conditioning|ControlNet|Guider/i.test(linked.type);
}

/** A guider without a way for what to avoid leads only to what is wanted. */
function nextOf({ type, links }: ComfyNode, role: Role, first: boolean): string[] {
  const own = links.get(role);
  if (own !== undefined) return [own];
  if (role === 'negative' && /Guider/.test(type)) return [];
  const next = (first ? ['guider'] : CONDITIONINGS).flatMap((name) => links.get(name) ?? []);
  // Reroutes and the like: a node with a single way in.
  return next.length > 0 || first || links.size !== 1 ? next : [...links.values()];
}
