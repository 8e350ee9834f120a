import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { en } from '#app/messages/en/index.ts';

const SRC = join(import.meta.dirname, '../../src');
/** Runes that read again when the language changes. */
const LIVE = /^\$(derived|effect)\b/;

type Names = Map<string, unknown>;

const isBranch = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** The part of the catalogue, or the text, that an expression names; undefined for anything else. */
function named(node: ts.Expression, names: Names): unknown {
  if (ts.isIdentifier(node)) return names.get(node.text);
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const object = named(node.expression, names);
  return isBranch(object) ? (object as Record<string, unknown>)[node.name.text] : undefined;
}

/** Texts that are read at once, when the module or the component is made. */
function readAtOnce(node: ts.Node, names: Names): string[] {
  if (ts.isFunctionLike(node) && !ts.isCallExpression(node.parent)) return [];
  if (ts.isCallExpression(node) && LIVE.test(node.expression.getText())) return [];
  if (ts.isPropertyAccessExpression(node)) {
    const value = named(node, names);
    return value === undefined || isBranch(value) ? [] : [node.getText()];
  }
  const found: string[] = [];
  ts.forEachChild(node, (child) => void found.push(...readAtOnce(child, names)));
  return found;
}

/** `const texts = messages.bar`, `const { bar, app: other } = messages`: names of parts; texts among them are captured. */
function declare({ name, initializer }: ts.VariableDeclaration, names: Names): string[] {
  const value = initializer && named(initializer, names);
  if (!isBranch(value)) return initializer ? readAtOnce(initializer, names) : [];
  if (ts.isIdentifier(name)) names.set(name.text, value);
  if (!ts.isObjectBindingPattern(name)) return [];
  return name.elements.flatMap((element) => {
    const key = (element.propertyName ?? element.name).getText();
    const part = (value as Record<string, unknown>)[key];
    if (isBranch(part)) names.set(element.name.getText(), part);
    return isBranch(part) ? [] : [`${key} of ${initializer?.getText() ?? ''}`];
  });
}

/** Texts of the catalogue that a module or a component's script reads once and for all. */
function captured(code: string): string[] {
  const names: Names = new Map([['messages', en]]);
  const source = ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap((each) => declare(each, names));
    return ts.isExpressionStatement(statement) ? readAtOnce(statement, names) : [];
  });
}

const scriptOf = (file: string, text: string): string =>
  file.endsWith('.svelte')
    ? [...text.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, code]) => code).join('\n')
    : text;

const files = ['app', 'ui'].flatMap((layer) =>
  readdirSync(join(SRC, layer), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(svelte|ts)$/.test(file) && !file.startsWith('messages/'))
    .map((file) => `${layer}/${file}`),
);

describe('texts that would stay in the language they were read in', () => {
  it('are read nowhere in the page', () => {
    const found = files.flatMap((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      return captured(scriptOf(file, text)).map((what) => `${file}: ${what}`);
    });
    expect(files.length).toBeGreaterThan(100);
    expect(found).toEqual([]);
  });

  it.each([
    ['const label = messages.app.undo;', ['messages.app.undo']],
    ['const texts = messages.models; const a = [{ label: texts.use.title }];', ['texts.use.title']],
    ['const { undo, close: shut } = messages.app;', ['undo of messages.app', 'close of messages.app']],
    ['const { app } = messages; const sizes = [1].map((n) => app.pictureSize(n, n));', ['app.pictureSize']],
    ['document.title = messages.app.name;', ['messages.app.name']],
    ['const texts = messages.app; const f = () => texts.undo; function g() { return texts.undo; }', []],
    ['const list = $derived([messages.app.undo]); $effect(() => say(messages.app.undo));', []],
    ['const table = { run: () => messages.app.undo }; const { view } = studio;', []],
  ])('are found in %s', (code, what) => {
    expect(captured(code)).toEqual(what);
  });
});
