// `npm test`: everything CI checks, on a fresh clone too. Ends with one line: N passed, N failed.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { ensureChromium, ensurePackages } from './ensure.mjs';

ensurePackages();
ensureChromium();

let passed = 0;
let failed = 0;

/** A check that passes or fails as a whole. */
function check(name, script, args) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (status === 0) passed++;
  else failed++;
  return status === 0;
}

/** A vitest project, counted test by test. A run that breaks before reporting counts as one failure. */
function suite(name, project) {
  console.log(`\n── ${name}`);
  const report = `node_modules/.cache/luna-${project}.json`;
  rmSync(report, { force: true });
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    stdio: 'inherit',
  });
  let counted = { numPassedTests: 0, numFailedTests: 0 };
  try {
    counted = JSON.parse(readFileSync(report, 'utf8'));
  } catch {
    console.error(`${name} produced no report.`);
  }
  passed += counted.numPassedTests;
  failed += counted.numFailedTests;
  if (counted.numPassedTests === 0 || (status !== 0 && counted.numFailedTests === 0)) failed++;
}

check('lint', 'node_modules/eslint/bin/eslint.js', ['.', '--max-warnings', '0']);
check('format', 'node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']);
check('types', 'src/dev/typecheck.mjs', []);
suite('unit and golden tests', 'unit');
suite('kernel tests', 'gpu');
check('build', 'node_modules/vite/bin/vite.js', ['build', '--logLevel', 'warn']);
suite('end-to-end journeys', 'e2e');

console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
