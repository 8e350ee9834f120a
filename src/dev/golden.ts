import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { AttentionForm } from '#models/graph/attention.ts';
import { discover } from './golden/discover.ts';
import { runFolder } from './golden/run.ts';
import type { CaseResult } from './golden/types.ts';

/**
 * `npm run golden -- [--attention=plain|fused] DIR...` compares our networks and maths with reference tensors.
 * Every DIR is a golden folder or a folder of them. One line per case on stdout, sentences about folders that
 * cannot be run on stderr; exits with 1 unless everything passed.
 */
async function main(args: readonly string[]): Promise<number> {
  const dirs = args.filter((arg) => !arg.startsWith('--'));
  const attention = attentionForm(args);
  if (dirs.length === 0 || !attention) {
    process.stderr.write('Usage: npm run golden -- [--attention=plain|fused] DIR...\n');
    return 1;
  }
  const runtime = new OrtNodeRuntime({ attention });
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

function attentionForm(args: readonly string[]): AttentionForm | null {
  const options = args.filter((arg) => arg.startsWith('--'));
  const form = options[0]?.replace('--attention=', '') ?? 'fused';
  return options.length <= 1 && (form === 'plain' || form === 'fused') ? form : null;
}

function printCase({ name, maxAbs, relRms, pass, note }: CaseResult): void {
  const figures = `maxAbs=${maxAbs.toExponential(2)} relRms=${relRms.toExponential(2)}`;
  process.stdout.write(`${name} ${figures} ${pass ? 'PASS' : 'FAIL'}\n`);
  if (!pass && note) process.stderr.write(`${name}: ${note}\n`);
}

process.exitCode = await main(process.argv.slice(2));
