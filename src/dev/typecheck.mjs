// Type-checks every environment: each folder has a tsconfig with only the globals its code may use.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const folders = ['src/domain', 'src/formats', 'models', 'src/gpu', 'src/inference', 'src/pipelines'];
folders.push('src/storage', 'src/sw', 'src/worker', 'src/node', 'src/dev', 'tests');

let failed = false;
const run = (command, args) => {
  const { status } = spawnSync(process.execPath, [command, ...args], { stdio: 'inherit' });
  failed ||= status !== 0;
};
for (const folder of folders)
  if (existsSync(`${folder}/tsconfig.json`)) run('node_modules/typescript/bin/tsc', ['-p', folder]);
for (const folder of ['src/app', 'src/ui'])
  run('node_modules/svelte-check/bin/svelte-check', [
    '--tsconfig',
    `${folder}/tsconfig.json`,
    '--output',
    'human',
  ]);
process.exit(failed ? 1 : 0);
