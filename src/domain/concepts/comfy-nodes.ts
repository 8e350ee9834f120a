/** A node of a ComfyUI graph, however the file writes it. */
export interface ComfyNode {
  readonly id: string;
  readonly type: string;
  /** Values by their name; in workflows they have no names (see `values`). */
  readonly named: Readonly<Record<string, unknown>>;
  /** Widget values of a workflow in the order of the widgets; null in the API form. */
  readonly values: readonly unknown[] | null;
  /** The node each input comes from, by the input's name. */
  readonly links: ReadonlyMap<string, string>;
  /** Muted or bypassed. */
  readonly off: boolean;
}

/** Nodes of a ComfyUI graph by id. */
export type ComfyGraph = ReadonlyMap<string, ComfyNode>;

/** Litegraph's modes "never" and "bypass". */
const OFF_MODES: readonly unknown[] = [2, 4];
const MOST_NODES = 5000;

type Fields = Readonly<Record<string, unknown>>;

/** Reads both forms of a ComfyUI graph: the workflow of the editor, or the prompt of the API. Null when it is neither. */
export function comfyGraph(json: unknown): ComfyGraph | null {
  if (!isFields(json)) return null;
  if (Array.isArray(json['nodes'])) return workflowGraph(json['nodes'], json['links']);
  const prompt = isFields(json['prompt']) ? json['prompt'] : json;
  return promptGraph(prompt);
}

/** {"3": {"class_type": "FaceDetailer", "inputs": {"denoise": 0.5, "segs": ["4", 0]}}} */
function promptGraph(prompt: Fields): ComfyGraph | null {
  const nodes = Object.entries(prompt)
    .slice(0, MOST_NODES)
    .flatMap(([id, node]): ComfyNode[] => {
      if (!isFields(node) || typeof node['class_type'] !== 'string') return [];
      const inputs = isFields(node['inputs']) ? node['inputs'] : {};
      const links = Object.entries(inputs).flatMap(([name, value]): [string, string][] =>
        Array.isArray(value) && value.length === 2 ? [[name, String(value[0])]] : [],
      );
      return [
        { id, type: node['class_type'], named: inputs, values: null, links: new Map(links), off: false },
      ];
    });
  return nodes.length > 0 ? byId(nodes) : null;
}

/** {"nodes": [{id, type, mode, widgets_values, inputs: [{name, link}]}], "links": [[id, from, slot, to, slot, type]]} */
function workflowGraph(nodes: readonly unknown[], links: unknown): ComfyGraph {
  const origins = new Map<unknown, string>();
  for (const link of Array.isArray(links) ? (links as unknown[]) : [])
    if (Array.isArray(link) && link.length >= 4) origins.set(link[0], String(link[1]));
  return byId(
    nodes.slice(0, MOST_NODES).flatMap((node): ComfyNode[] => {
      if (!isFields(node) || typeof node['type'] !== 'string') return [];
      const values: unknown = node['widgets_values'];
      return [
        {
          id: String(node['id']),
          type: node['type'],
          named: isFields(values) && !Array.isArray(values) ? values : {},
          values: Array.isArray(values) ? (values as unknown[]) : null,
          links: inputLinks(node['inputs'], origins),
          off: OFF_MODES.includes(node['mode']),
        },
      ];
    }),
  );
}

function inputLinks(inputs: unknown, origins: ReadonlyMap<unknown, string>): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const input of Array.isArray(inputs) ? (inputs as unknown[]) : []) {
    if (!isFields(input) || typeof input['name'] !== 'string') continue;
    const origin = origins.get(input['link']);
    if (origin !== undefined) links.set(input['name'], origin);
  }
  return links;
}

/** What feeds a node through these inputs, nearest first; beyond them through every input. Circles end. */
export function upstream(graph: ComfyGraph, node: ComfyNode, inputs: readonly string[]): ComfyNode[] {
  const first = inputs.flatMap((name) => node.links.get(name) ?? []);
  const seen = new Set(first);
  const found: ComfyNode[] = [];
  for (const id of seen) {
    const at = graph.get(id);
    if (!at) continue;
    found.push(at);
    for (const next of at.links.values()) seen.add(next);
  }
  return found;
}

function byId(nodes: readonly ComfyNode[]): ComfyGraph {
  return new Map(nodes.map((node) => [node.id, node]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
