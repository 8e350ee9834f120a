import { resolve } from 'node:path';
import { checkBrowser, checkDiskLoad } from './fullsize/browser.ts';
import { checkImageModel, checkSam3 } from './fullsize/node-check.ts';
import { Report } from './fullsize/report.ts';
import { ensureFullsizeFile, FULLSIZE_NAMES } from './fullsize/weight-files.ts';

/** What can be asked for, in the order in which everything is done. */
const CHECKS = {
  files: writeFiles,
  browser: checkBrowser,
  disk: checkDiskLoad,
  node: checkImageModel,
  sam3: checkSam3,
} as const;

type Check = keyof typeof CHECKS;

/**
 * `npm run fullsize [-- --dir=DIR] [files] [browser] [disk] [node] [sam3]` proves real size without real weights: random-weight
 * files of the exact shapes and types, loaded and run by the product's own code. Takes 15 GB of disk for the files, 10 more
 * while it runs, and some 16 GB of memory. Exits with 1 unless every line says PASS.
 */
async function main(args: readonly string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith('--'));
  const dir = resolve(options[0]?.replace('--dir=', '') ?? 'node_modules/.cache/fullsize');
  const asked = args.filter((arg): arg is Check => arg in CHECKS);
  if (
    options.length > 1 ||
    (options[0] && !options[0].startsWith('--dir=')) ||
    asked.length + options.length < args.length
  ) {
    process.stderr.write(`Usage: npm run fullsize [-- --dir=DIR] [${Object.keys(CHECKS).join('] [')}]\n`);
    return 1;
  }
  const report = new Report();
  for (const [name, check] of Object.entries(CHECKS))
    if (asked.length === 0 || asked.includes(name as Check)) await check(report, dir);
  return report.exitCode;
}

async function writeFiles(report: Report, dir: string): Promise<void> {
  report.heading('random-weight files of real shapes');
  for (const name of FULLSIZE_NAMES) report.check(await ensureFullsizeFile(dir, name), true);
}

process.exitCode = await main(process.argv.slice(2));
