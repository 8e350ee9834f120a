import { existsSync } from 'node:fs';

const CANDIDATES = [
  process.env['CHROME_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The Chrome or Chromium of this machine. @throws when there is none, saying how to get one. */
export function chromePath(): string {
  const found = CANDIDATES.find((path) => path && existsSync(path));
  if (!found)
    throw new Error('No Chrome or Chromium found. Install one, or set CHROME_PATH to its executable.');
  return found;
}

/** Playwright launch options: full Chromium with software WebGPU, nothing talking to the network by itself. */
export function chromiumLaunch(): { executablePath: string; args: string[] } {
  return {
    executablePath: chromePath(),
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  };
}
