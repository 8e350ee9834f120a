import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';

/** What each layer may import, besides itself. `worker/api.ts` is the one door from app to worker: types only. */
const LAYERS = {
  domain: [],
  formats: ['domain'],
  models: ['domain', 'formats'],
  gpu: ['domain', 'formats', 'models', 'shaders'],
  inference: ['domain', 'formats', 'models'],
  storage: ['domain', 'formats'],
  pipelines: ['domain', 'formats', 'models', 'gpu', 'inference'],
  worker: ['domain', 'formats', 'models', 'gpu', 'inference', 'pipelines', 'storage', 'shaders'],
  sw: [],
  app: ['domain', 'worker/api', 'sw'],
  ui: ['domain', 'app'],
  node: ['domain', 'formats', 'models', 'inference', 'pipelines'],
};
const ALL = [...Object.keys(LAYERS), 'shaders', 'tests'];

function boundaries([layer, allowed]) {
  const folder = layer === 'models' ? 'models' : `src/${layer}`;
  const forbidden = ALL.filter((other) => other !== layer && !allowed.includes(other)).flatMap((other) =>
    other === 'worker' && allowed.includes('worker/api')
      ? ['#worker/**', '!#worker/api.ts', '!#worker/api-*.ts']
      : [`#${other}/**`],
  );
  return {
    files: [`${folder}/**/*.ts`, `${folder}/**/*.svelte`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: forbidden, message: `${layer}/ may import only: ${[layer, ...allowed].join(', ')}.` },
            { group: [`**/../../${'src'}/**`], message: 'Import other layers through their # alias.' },
          ],
        },
      ],
    },
  };
}

export default ts.config(
  { ignores: ['dist', 'node_modules', '.cache', 'models/demo', 'tests/golden/data', 'public'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    files: ['**/*.ts'],
    ignores: ['vite.config.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-deprecated': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] } },
  },
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      'no-undef': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'svelte/no-at-html-tags': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[property.name='innerHTML']",
          message: 'Imported text is data, never markup.',
        },
        { selector: "NewExpression[callee.name='Function']", message: 'Imported data is never code.' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['tests/**'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['src/domain/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'domain/ is deterministic: take a seed.' },
        { object: 'Date', property: 'now', message: 'domain/ has no clock.' },
      ],
    },
  },
  ...Object.entries(LAYERS).map(boundaries),
);
