// `npm start` on a fresh clone: installs what is missing, builds the studio unless that is done, serves it, opens it.
// The built studio and not the development server, because only that one keeps itself for offline use.
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensurePackages } from './ensure.mjs';

const SOURCES = ['src', 'models', 'shaders', 'public', 'index.html', 'vite.config.ts', 'package-lock.json'];
/** Always the same: to a browser another port is another site, with none of the folders and models remembered. */
const PORT = 4173;
const USAGE = 'npm start [-- [--port NUMBER] [--no-open]]';

const { port, 'no-open': silent } = options();
ensurePackages();
const { build, preview } = await import('vite');
if (!isBuilt()) {
  console.log('Building the studio (after changes only)…');
  await build({ logLevel: 'error' });
}
const address = await serve();
console.log(`\n  Luna Studio is running at ${address}\n  Open it in Chrome. Press Ctrl+C to stop.\n`);
if (!silent && !process.env.CI && process.stdout.isTTY) openInBrowser(address);

/** What was asked for; anything else is named, with what there is. */
function options() {
  const known = { port: { type: 'string', default: String(PORT) }, 'no-open': { type: 'boolean' } };
  try {
    const { values } = parseArgs({ options: known });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`${values.port} is no port`);
    return { ...values, port };
  } catch (error) {
    console.error(`${error.message}\nUsage: ${USAGE}`);
    process.exit(1);
  }
}

/** True when the last file a build writes is younger than every source. */
function isBuilt() {
  const built = statSync('dist/service-worker.js', { throwIfNoEntry: false });
  return built !== undefined && SOURCES.every((path) => youngest(path) < built.mtimeMs);
}

/** When the path or anything below it was last changed. */
function youngest(path) {
  const entry = statSync(path);
  const below = entry.isDirectory() ? readdirSync(path).map((name) => youngest(join(path, name))) : [];
  return Math.max(entry.mtimeMs, ...below);
}

async function serve() {
  try {
    // mpa: a file that is missing is answered with 404, not with the page.
    const server = await preview({ appType: 'mpa', preview: { port, strictPort: true } });
    return server.resolvedUrls?.local[0] ?? `http://127.0.0.1:${port}/`;
  } catch (error) {
    console.error(
      `\nPort ${port} is not free: ${error.message}.\nIf the studio is running already, open http://127.0.0.1:${port}/. Another port: ${USAGE}`,
    );
    process.exit(1);
  }
}

/** Best effort: a machine without a desktop has nothing to open. */
function openInBrowser(url) {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform] ?? [
    'xdg-open',
  ];
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
