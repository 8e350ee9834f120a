import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decode } from 'fast-png';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { preview, type PreviewServer } from 'vite';
import type { Recipe } from '#domain/job/request.ts';
import { readChunks } from '#formats/png/chunks.ts';
import { readTexts } from '#formats/png/text.ts';
import { chromiumLaunch } from '../../src/dev/chromium.ts';
import { ModelsPage } from './models-page.ts';

/** For polls: a loaded machine takes its time. */
const SOON = { timeout: 20_000 };

/** A copy of the build, so that the tests can publish other versions of it. */
let site: string;
/** Every test is a user of its own. */
let profile: string;
let server: PreviewServer | null = null;
let address: string;
let port = 0;
let browser: BrowserContext | null = null;

async function publish(): Promise<void> {
  server = await preview({
    // A file that is missing is missing: no page in its place.
    appType: 'mpa',
    build: { outDir: site },
    preview: { port, strictPort: port !== 0 },
    logLevel: 'error',
  });
  address = server.resolvedUrls!.local[0]!;
  port = Number(new URL(address).port);
}

async function unpublish(): Promise<void> {
  await server?.close();
  server = null;
}

/** The browser of one user, who comes back with what the browser kept. */
async function visit(): Promise<BrowserContext> {
  browser = await chromium.launchPersistentContext(profile, {
    ...chromiumLaunch(),
    headless: true,
    viewport: { width: 1440, height: 900 },
    acceptDownloads: true,
  });
  browser.setDefaultTimeout(20_000);
  return browser;
}

async function firstPage(context: BrowserContext): Promise<Page> {
  return context.pages()[0] ?? context.newPage();
}

/** Opens the studio and waits until its service worker has everything. */
async function visitOnline(): Promise<Page> {
  const page = await firstPage(await visit());
  await page.goto(address);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  return page;
}

/** Publishes the present build with a mark in its page, as a new version of the studio. */
async function publishVersion(name: string): Promise<void> {
  const page = join(site, 'index.html');
  const worker = join(site, 'service-worker.js');
  const mark = `<meta name="version" content="${name}" />`;
  const html = (await readFile(page, 'utf8')).replace(/(<meta name="version".*>)?<title>/, `${mark}<title>`);
  await writeFile(page, html);
  const entry = /\{"integrity":"[^"]*","revision":"[^"]*","url":"index\.html"\}/;
  const integrity = `sha256-${createHash('sha256').update(html).digest('base64')}`;
  const changed = JSON.stringify({ integrity, revision: name, url: 'index.html' });
  const script = await readFile(worker, 'utf8');
  expect(script).toMatch(entry);
  await writeFile(worker, script.replace(entry, changed));
}

/** A whole build again, whatever a test before left of it. */
async function publishAgain(name: string): Promise<void> {
  await cp('dist', site, { recursive: true });
  await publishVersion(name);
}

const version = (page: Page) =>
  page.evaluate(() => document.querySelector('meta[name=version]')?.getAttribute('content'));

const registrations = (page: Page) =>
  page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);

const cachedFiles = (page: Page) =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().length;
  });

/** Takes the place of the stopped server and writes down who still knocks. */
function listenInstead(): Promise<{ knocks: string[]; stop: () => Promise<void> }> {
  const knocks: string[] = [];
  const open = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      knocks.push(data.toString().split('\r\n')[0]!);
      socket.destroy();
    });
  });
  const stop = () =>
    new Promise<void>((resolve) => {
      for (const socket of open) socket.destroy();
      listener.close(() => resolve());
    });
  return new Promise((resolve) => {
    listener.listen(port, '127.0.0.1', () => resolve({ knocks, stop }));
  });
}

/** Every answer that did not come from the service worker, a blob or data, and every error in the console. */
function collectTraffic(context: BrowserContext): string[] {
  const traffic: string[] = [];
  const local = (url: string) => /^(blob|data):/.test(url);
  context.on('response', (response) => {
    if (!response.fromServiceWorker() && !local(response.url())) traffic.push(`answered: ${response.url()}`);
  });
  context.on('requestfailed', (request) => traffic.push(`failed: ${request.url()}`));
  // Also what the content security policy forbids.
  context.on('console', (message) => {
    if (message.type() === 'error') traffic.push(`console: ${message.text()}`);
  });
  return traffic;
}

/** What the bar says in the end. */
const outcome = (page: Page, text: RegExp) =>
  page
    .getByText(text)
    .first()
    .waitFor({ timeout: 20 * 60_000 });

/** The main job on a sample, at the smallest canvas; the exported picture. */
async function mainJob(page: Page): Promise<Uint8Array<ArrayBuffer>> {
  await page.getByText('Portrait in teal').click();
  await page.getByText('1024 × 1024').waitFor();
  for (const label of ['Canvas', 'Export'])
    await page.getByLabel(label, { exact: true }).selectOption({ label: '1024 px' });
  // Own image models start with the settings of full-size ones, ten times the work of the demo's.
  await page.getByRole('heading', { name: 'Sampling' }).click();
  const steps = page.getByRole('spinbutton', { name: 'Steps', exact: true });
  await steps.fill('2');
  await steps.blur();
  await page.getByRole('slider', { name: 'Prompt strictness' }).press('Home');
  await page.getByRole('button', { name: /^Detect/ }).click();
  await outcome(page, /Found \d+ detections? for/);
  await page.getByRole('button', { name: /^Refine \d+ detections?$/ }).click();
  await outcome(page, /Refined in/);
  const download = page.waitForEvent('download', { timeout: 120_000 });
  await page.getByRole('button', { name: /^Export PNG/ }).click();
  return new Uint8Array(await readFile(await (await download).path()));
}

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'luna-site-'));
  await cp('dist', site, { recursive: true });
  await publish();
});
beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'luna-offline-'));
});
afterEach(async () => {
  await browser?.close();
  browser = null;
  await rm(profile, { recursive: true, force: true });
});
afterAll(async () => {
  await unpublish();
  await rm(site, { recursive: true, force: true });
});

/** The demo pack's networks as files of the user's own, copied into the browser and chosen from there. */
async function keepOwnModels(page: Page): Promise<void> {
  const models = new ModelsPage(page);
  await models.open('Library');
  const own = OWN.map(([name, as]) => ({ path: join('models/demo', name), as: join(profile, as), name: as }));
  for (const { path, as } of own) await cp(path, as);
  await models.view.locator('input[type=file][accept]').setInputFiles(own.map(({ as }) => as));
  for (const { name } of own) {
    await models.view.getByRole('button', { name: `Make ${name} available offline` }).click();
    await models.says(`${name} works offline now.`);
    await models
      .row(name, 'kept offline')
      .getByRole('button', { name: `Use ${name}` })
      .click();
    await models.row(name, 'kept offline').getByText('In use').waitFor();
  }
}

/** The image model first: it lets go of parts that do not belong to it. */
const OWN = [
  ['checkpoint.safetensors', 'own-model.safetensors'],
  ['autoencoder.safetensors', 'own-vae.safetensors'],
  ['sam3.safetensors', 'own-detector.safetensors'],
] as const;

describe('without a network', () => {
  it('starts cold and does the main job with imported models, without a single request', async () => {
    const online = await visitOnline();
    await keepOwnModels(online);
    await online.context().close();
    await unpublish();
    const empty = await listenInstead();
    const context = await visit();
    await context.setOffline(true);
    const traffic = collectTraffic(context);
    const page = await firstPage(context);
    await page.goto(address);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const png = await mainJob(page);
    const { width, height } = decode(png);
    expect([width, height]).toEqual([1024, 1024]);
    const recipe = JSON.parse((await readTexts(readChunks(png))).get('luna') ?? '') as Recipe;
    expect(recipe.models.map(({ name }) => name).sort()).toEqual(OWN.map(([, name]) => name).sort());
    await context.close();
    await empty.stop();
    expect(traffic).toEqual([]);
    // The browser itself looks for a new version after a page was opened; nothing else may leave.
    expect(empty.knocks.filter((line) => !line.startsWith('GET /service-worker.js '))).toEqual([]);
    await publish();
  });
});

describe('a new version', () => {
  const offer = /A new version is ready/;

  it('waits until the user reloads, and for the other tabs', async () => {
    await publishAgain('First');
    await (await visitOnline()).context().close();
    await publishVersion('Second');
    const page = await visitOnline();
    await page.getByText(offer).waitFor();
    expect(await version(page)).toBe('First');
    const other = await page.context().newPage();
    await other.goto(address);
    expect(await version(other)).toBe('First');
    await page.bringToFront();
    await page.getByRole('button', { name: 'Reload' }).first().click();
    await page.getByText(/Close the other Luna Studio tabs/).waitFor();
    expect(await version(page)).toBe('First');
    await other.close();
    await page.getByRole('button', { name: 'Reload' }).first().click();
    await expect.poll(() => version(page).catch(String), SOON).toBe('Second');
  });

  it('is left aside when a file is not the one that was built', async () => {
    await publishAgain('Good');
    await (await visitOnline()).context().close();
    await publishVersion('Spoilt');
    await writeFile(join(site, 'index.html'), '<title>Captive portal</title>');
    const page = await visitOnline();
    await page.waitForTimeout(3000);
    expect(await page.getByText(offer).count()).toBe(0);
    await page.reload();
    expect(await version(page)).toBe('Good');
  });

  it.each([
    ['with 404 in place of its service worker', () => rm(join(site, 'service-worker.js'))],
    [
      'with a service worker that removes itself',
      async () => {
        const env = { ...process.env, LUNA_REMOVE_OFFLINE: '1' };
        const out = ['--outDir', site, '--emptyOutDir', '--logLevel', 'error'];
        await promisify(execFile)(process.execPath, ['node_modules/vite/bin/vite.js', 'build', ...out], {
          env,
        });
      },
    ],
  ])('%s, it takes the offline copy away', async (_, withdraw) => {
    await publishAgain('Kept');
    await (await visitOnline()).context().close();
    await withdraw();
    const page = await firstPage(await visit());
    await page.goto(address);
    await expect.poll(() => cachedFiles(page).catch(() => -1), SOON).toBe(0);
    await expect.poll(() => registrations(page).catch(() => -1), SOON).toBe(0);
  });
});
