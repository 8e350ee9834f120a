import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterEach, describe, expect, it } from 'vitest';
import { sentences } from '#app/messages/de/sentences/index.ts';
import { chooseLocale, said } from '#app/messages.ts';
import { sentence } from '#domain/job/sentence.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Layers that speak to the user from behind the worker boundary. */
const SPEAKING = [
  'models',
  ...['domain', 'formats', 'gpu', 'inference', 'pipelines', 'storage', 'worker'].map(
    (layer) => `src/${layer}`,
  ),
];
/** Names that are the same in every language. */
const NAMES = new Set(['CLIP-L', 'CLIP-bigG', '2.x']);

/** What crosses to the page to be shown, wherever it is put together: its words have to be a sentence. */
const KEPT = /^(detail|refusal)$/;

interface Findings {
  readonly ids: Set<string>;
  /** Words that no language can translate, with their place. */
  readonly untranslatable: string[];
}

/** The template of a tagged literal as {@link sentence} makes it. */
function idOf(template: ts.TemplateLiteral): string {
  if (ts.isNoSubstitutionTemplateLiteral(template)) return template.text;
  return template.templateSpans.reduce(
    (id, { literal }, index) => `${id}{${index}}${literal.text}`,
    template.head.text,
  );
}

const hasWords = (text: string): boolean => /\p{L}/u.test(text.replaceAll(/\{\d+\}/g, ''));

/** English that a value of a sentence may come to: it would stay English in the middle of another language. */
function wordsOf(value: ts.Expression): string[] {
  if (ts.isStringLiteralLike(value))
    return hasWords(value.text) && !NAMES.has(value.text) ? [value.text] : [];
  if (ts.isTemplateExpression(value)) {
    const own = [value.head, ...value.templateSpans.map(({ literal }) => literal)].map(({ text }) => text);
    return own.filter((text) => /\p{L}{2}/u.test(text));
  }
  if (ts.isParenthesizedExpression(value)) return wordsOf(value.expression);
  if (ts.isConditionalExpression(value)) return [value.whenTrue, value.whenFalse].flatMap(wordsOf);
  if (ts.isBinaryExpression(value)) return [value.left, value.right].flatMap(wordsOf);
  return [];
}

function look(file: string, text: string, { ids, untranslatable }: Findings): void {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const add = (id: string) => hasWords(id) && ids.add(id);
  const refuse = (words: string[]) => untranslatable.push(...words.map((word) => `${file}: ${word}`));
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'sentence') {
      add(idOf(node.template));
      if (ts.isTemplateExpression(node.template))
        for (const { expression } of node.template.templateSpans) refuse(wordsOf(expression));
    }
    if ((ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) && node.initializer)
      if (KEPT.test(node.name.getText())) refuse(wordsOf(node.initializer));
    const message =
      ts.isNewExpression(node) && node.expression.getText() === 'AppError' && node.arguments?.[1];
    if (message && ts.isStringLiteralLike(message)) add(message.text);
    else if (message) refuse(wordsOf(message));
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function findings(): Findings {
  const found: Findings = { ids: new Set(), untranslatable: [] };
  for (const folder of SPEAKING)
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const text = readFileSync(join(ROOT, folder, file), 'utf8');
      look(`${folder}/${file}`, text, found);
    }
  return found;
}

const placesIn = (text: string) => [...new Set(text.match(/\{\d+\}/g))].sort();

describe('what the worker says', () => {
  const { ids, untranslatable } = findings();

  it('is found in the sources', () => {
    expect(ids.size).toBeGreaterThan(300);
    expect(ids).toContain('"{0}" is not a PNG, JPEG or WebP picture.');
    expect(ids).toContain('Open a picture first.');
  });

  it('can be translated: values are kept apart, and none of them is English', () => {
    expect(untranslatable).toEqual([]);
  });

  it('has its German, with every value in it', () => {
    expect([...ids].filter((id) => !Object.hasOwn(sentences, id))).toEqual([]);
    for (const [id, german] of Object.entries(sentences)) expect(placesIn(german), id).toEqual(placesIn(id));
  });

  it('has no German that nobody says any more', () => {
    expect(Object.keys(sentences).filter((id) => !ids.has(id))).toEqual([]);
  });
});

describe('the search for untranslatable words', () => {
  it.each([
    ['new AppError("bad-file", `${name} is bad`)', [' is bad']],
    ['new AppError("bad-file", "Bad " + name)', ['Bad ']],
    ['sentence`${what ?? "nothing"} is bad`', ['nothing']],
    ['sentence`${few ? `${n}` : (many && "lots")} are ${["a", "b"].join(" and ")}`', ['lots']],
    ['new AppError("bad-file", few ? sentence`few ${1}` : "Many.")', ['Many.']],
    ['({ detail: "opening", fraction: 0 })', ['opening']],
    ['const detail = many ? `${name}, part ${1}` : name', [', part ']],
    ['sentence`${which ? "CLIP-L" : ""} and ${sentence`more`}`', []],
  ])('sees those of %s', (text, words) => {
    const found: Findings = { ids: new Set(), untranslatable: [] };
    look('x', text, found);
    expect(found.untranslatable).toEqual(words.map((word) => `x: ${word}`));
  });
});

describe('the page', () => {
  afterEach(() => chooseLocale(null));

  it('says it in the present language, numbers too', () => {
    const size = sentence`${6.9} GB`;
    const full = structuredClone(sentence`The browser's storage is full: "${'a.sft'}" needs ${size} more.`);
    expect([said(full), said('Open a picture first.')]).toEqual([
      'The browser\'s storage is full: "a.sft" needs 6.9 GB more.',
      'Open a picture first.',
    ]);
    chooseLocale('de');
    expect([said(full), said('Open a picture first.'), said('Of a newer worker.')]).toEqual([
      'Der Speicher des Browsers ist voll: „a.sft“ braucht 6,9 GB mehr.',
      'Zuerst ein Bild öffnen.',
      'Of a newer worker.',
    ]);
  });
});
