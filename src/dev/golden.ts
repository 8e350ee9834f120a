import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { discover } from './golden/discover.ts';
import { openWeightsAs } from './golden/files.ts';
import { WEIGHT_TYPES } from './golden/reencode.ts';
import { runFolder } from './golden/run.ts';
import type { CaseResult } from './golden/types.ts';

const USAGE = `Usage: npm run golden -- [--attention=plain|fused] [--precision=f32|f16] [--weights=${WEIGHT_TYPES.join('|')}] DIR...`;

/** Values each option may have. */
const OPTIONS = {
  attention: ['fused', 'plain'],
  precision: ['f32', 'f16'],
  weights: ['stored', ...WEIGHT_TYPES],
} as const;
type Options = { readonly [Name in keyof typeof OPTIONS]: (typeof OPTIONS)[Name][number] };

/**
 * `npm run golden -- [options] DIR...` compares our networks and maths with reference tensors. Every DIR is a golden
 * folder or a folder of them. `--precision=f16` runs 16-bit graphs against the READMEs' 16-bit tolerances;
 * `--weights=TYPE` opens every weight file as if it had been saved in that type. One line per case on stdout, sentences
 * about folders that cannot be run on stderr; exits with 1 unless everything passed.
 */
async function main(args: readonly string[]): Promise<number> {
  const dirs = args.filter((arg) => !arg.startsWith('--'));
  const options = readOptions(args.filter((arg) => arg.startsWith('--')));
  if (dirs.length === 0 || !options) {
    process.stderr.write(`${USAGE}\n`);
    return 1;
  }
  openWeightsAs(options.weights === 'stored' ? null : options.weights);
  const runtime = new OrtNodeRuntime({ attention: options.attention, dtype: options.precision });
  const count = { passed: 0, failed: 0 };
  const problem = (text: string) => {
    count.failed++;
    process.stderr.write(`${text}\n`);
  };
  const onCase = (result: CaseResult) => {
    count[result.pass ? 'passed' : 'failed']++;
    printCase(result);
  };
  for (const dir of dirs) {
    const { folders, problems } = await discover(located(dir));
    problems.forEach(problem);
    for (const folder of folders) {
      const outcome = await runFolder(folder, runtime, onCase);
      if (outcome.problem) problem(outcome.problem);
    }
  }
  process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`);
  return count.failed === 0 && count.passed > 0 ? 0 : 1;
}

/** npm runs scripts in the package's folder; a relative path means the folder the user was in, if it exists there. */
function located(dir: string): string {
  const fromUser = resolve(process.env['INIT_CWD'] ?? '.', dir);
  return existsSync(fromUser) ? fromUser : resolve(dir);
}

/** `--name=value` of each option; null where a name or value is none of them. */
function readOptions(args: readonly string[]): Options | null {
  const values: Record<string, string> = {};
  for (const arg of args) {
    const [, name = '', value = ''] = /^--([a-z]+)=(.+)$/.exec(arg) ?? [];
    if (!Object.hasOwn(OPTIONS, name)) return null;
    if (!(OPTIONS[name as keyof Options] as readonly string[]).includes(value)) return null;
    values[name] = value;
  }
  const defaults = { attention: 'fused', precision: 'f32', weights: 'stored' } as const;
  return { ...defaults, ...values };
}

function printCase({ name, maxAbs, relRms, pass, note }: CaseResult): void {
  const figures = `maxAbs=${maxAbs.toExponential(2)} relRms=${relRms.toExponential(2)}`;
  process.stdout.write(`${name} ${figures} ${pass ? 'PASS' : 'FAIL'}\n`);
  if (!pass && note) process.stderr.write(`${name}: ${note}\n`);
}

process.exitCode = await main(process.argv.slice(2));
