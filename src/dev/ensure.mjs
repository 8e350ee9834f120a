// Makes a fresh clone able to run: npm packages, and a Chromium for the tests.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Runs a command, showing its output; exits with a sentence when it fails. */
export function run(command, args, what) {
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) {
    console.error(`\n${what} failed${error ? `: ${error.message}` : ''}.`);
    process.exit(1);
  }
}

/** Installs the packages of the lockfile unless exactly these are there. */
export function ensurePackages() {
  const installed = 'node_modules/.package-lock.json';
  if (existsSync(installed) && sameVersions(readFileSync(installed, 'utf8'))) return;
  console.log('Installing packages (once)…');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], 'Installing packages');
}

/** True when everything the lockfile asks for on this platform is installed in that version. */
function sameVersions(installedLock) {
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const present = JSON.parse(installedLock).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.version === entry.version,
  );
}

const CHROMES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
];
CHROMES.push('/Applications/Google Chrome.app/Contents/MacOS/Google Chrome');
CHROMES.push('C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe');

/** Finds Chrome or Chromium, or installs Debian's package where apt is at hand. */
export function ensureChromium() {
  if ([process.env.CHROME_PATH, ...CHROMES].some((path) => path && existsSync(path))) return;
  if (!existsSync('/usr/bin/apt-get')) {
    console.error(
      'The browser tests need Chrome or Chromium: install one, or set CHROME_PATH to its executable.',
    );
    process.exit(1);
  }
  console.log('Installing Chromium (once)…');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', ...args];
    run(command, rest, 'Installing Chromium');
  };
  apt('update', '-qq');
  apt('install', '-y', '-qq', 'chromium');
}
