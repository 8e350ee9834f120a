import { benchCanvas } from './bench/canvas.ts';
import { benchJob } from './bench/job.ts';
import { benchKernels } from './bench/kernels.ts';
import { benchLayers } from './bench/layers.ts';
import { benchMasks } from './bench/masks.ts';
import { benchNetworks } from './bench/networks.ts';
import { machine } from './bench/report.ts';

/**
 * `npm run bench [-- kernels|networks|masks|layers|job ...] [--canvas=4096]`: ratios of one run; milliseconds only where a promise
 * is in milliseconds. Works without a GPU; every table names what it ran on.
 */
const SECTIONS = {
  kernels: async () => {
    console.log('');
    await benchKernels();
  },
  networks: benchNetworks,
  masks: benchMasks,
  layers: benchLayers,
  job: () => benchJob(canvas),
  canvas: benchCanvas,
} as const;
type Section = keyof typeof SECTIONS;

const args = process.argv.slice(2);
const canvas = Number(args.find((arg) => arg.startsWith('--canvas='))?.slice('--canvas='.length) ?? 4096);
const asked = args.filter((arg) => !arg.startsWith('--'));
const unknown = asked.filter((name) => !Object.hasOwn(SECTIONS, name));

if (unknown.length > 0 || !(canvas >= 512)) {
  console.error(`Usage: npm run bench -- [${Object.keys(SECTIONS).join('|')} ...] [--canvas=4096]`);
  process.exitCode = 1;
} else {
  console.log(machine());
  const names = (asked.length > 0 ? asked : Object.keys(SECTIONS)) as Section[];
  for (const name of names) await SECTIONS[name]();
}
