// `npm start` on a fresh clone: installs what is missing, serves the studio, opens it.
import { spawn } from 'node:child_process';
import { ensurePackages } from './ensure.mjs';

ensurePackages();
const { createServer } = await import('vite');
const server = await createServer();
await server.listen();
const address = server.resolvedUrls?.local[0] ?? 'http://127.0.0.1:5173/';
console.log(`\n  Luna Studio is running at ${address}\n  Open it in Chrome. Press Ctrl+C to stop.\n`);
if (!process.env.CI && process.stdout.isTTY) openInBrowser(address);

/** Best effort: a machine without a desktop has nothing to open. */
function openInBrowser(url) {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform] ?? [
    'xdg-open',
  ];
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
