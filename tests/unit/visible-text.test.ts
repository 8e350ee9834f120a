import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse, type AST } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';

const UI = join(import.meta.dirname, '../../src/ui');
/** Attributes that are read or seen. */
const SPOKEN =
  /^(aria-(label|description|roledescription|valuetext)|title|alt|placeholder|label|description|hint|note|summary|unit|text)$/;
/** Signs that are the same in every language, and the letter on a key. */
const ALLOWED = /^(σ|px|x|y|[A-Z])$/;

type Node = Readonly<Record<string, unknown>> & { readonly type: string };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

const hasLetters = (text: string): boolean => /\p{L}/u.test(text) && !ALLOWED.test(text.trim());

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);
}

/** Literal text that a template expression can come to. */
function literalsOf(node: Node): string[] {
  if (node.type === 'Literal') return typeof node['value'] === 'string' ? [node['value']] : [];
  if (node.type === 'TemplateElement') return [(node['value'] as { cooked: string }).cooked];
  if (node.type === 'ConditionalExpression')
    return [node['consequent'], node['alternate']].filter(isNode).flatMap(literalsOf);
  if (node.type === 'LogicalExpression')
    return [node['left'], node['right']].filter(isNode).flatMap(literalsOf);
  if (node.type === 'TemplateLiteral' || node.type === 'ArrayExpression')
    return childrenOf(node).flatMap(literalsOf);
  return [];
}

/** Letters in what a text node, an expression between tags or a spoken attribute shows. */
function visibleTextsOf(node: Node): string[] {
  if (node.type === 'StyleDirective') return [];
  if (node.type === 'Attribute' && !SPOKEN.test(String(node['name'])))
    return childrenOf(node).flatMap(expressionsOf);
  if (node.type === 'Text') return [String(node['data'])];
  if (node.type === 'ExpressionTag' && isNode(node['expression'])) return literalsOf(node['expression']);
  return childrenOf(node).flatMap(visibleTextsOf);
}

/** Snippets and components inside the expression of a silent attribute speak too. */
const expressionsOf = (node: Node): string[] =>
  node.type === 'Text' || node.type === 'ExpressionTag' ? [] : visibleTextsOf(node);

/** What is wrong with a component: every visible text that is not from the catalogue. */
function hardCoded(source: string): string[] {
  const { fragment } = parse(source, { modern: true }) satisfies AST.Root;
  return visibleTextsOf(fragment as unknown as Node)
    .map((text) => text.trim())
    .filter(hasLetters);
}

const components = readdirSync(UI, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.svelte'),
);

describe('texts in the markup', () => {
  it.each(components)('of %s come from the catalogue', (file) => {
    expect(hardCoded(readFileSync(join(UI, file), 'utf8'))).toEqual([]);
  });

  it.each([
    ['<p>Hello</p>', ['Hello']],
    ['<p>{name} px</p>', []],
    ['<button aria-label="Close">×</button>', ['Close']],
    ['<input placeholder={`Search ${name}`} />', ['Search']],
    ['{#if on}<b title={on ? "Yes" : other}>{on || "Never"}</b>{/if}', ['Yes', 'Never']],
    ['<Dialog title="Shortcuts" class="wide" id="x" />', ['Shortcuts']],
    ['<NumberInput note="about a third" unit="px" />', ['about a third']],
    [
      '<script>const a = "Text";</script><p class="small">{messages.app.name}</p><style>p { color: red }</style>',
      [],
    ],
  ])('are found in %s', (source, texts) => {
    expect(hardCoded(source)).toEqual(texts);
  });
});
