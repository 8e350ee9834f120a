import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { ChromiumPage } from './chromium-page.ts';
import { IMAGE_PHASES, type ImagePhase } from './graphs.ts';
import { bytesText, type Report } from './report.ts';
import { ensureFullsizeFile } from './weight-files.ts';

const RENDERER_BYTES = 1e9;
const WASM_HEAP_BYTES = 64e6;
const LOAD_RATIO = 1.3;

/** Side of the UNet's latents: a software GPU takes minutes for more. */
const LATENTS = 16;

/** What a software GPU runs in seconds; the others take it minutes, and onnxruntime-node runs them all. */
const RUN: ReadonlySet<ImagePhase> = new Set(['conditioning']);

/** What the GPU process may keep of a load that was ended: compiled programs, pools. */
const LEFT_BYTES = 512 * 2 ** 20;
const FREED_WITHIN_MS = 60_000;

interface PhaseTimes {
  readonly load: number;
  readonly plain: number;
  readonly stream: number;
}

/** The full checkpoint, IP-Adapter and ViT-H loaded and run in headless Chromium in their phases, and loads ended early. */
export async function checkBrowser(report: Report, dir: string): Promise<void> {
  report.heading('Chromium: image model, weights streamed from the files');
  const paths = [];
  for (const name of ['checkpoint', 'ip-adapter', 'clip-vision'] as const)
    paths.push(await ensureFullsizeFile(dir, name));
  const page = await ChromiumPage.open();
  try {
    const { description, isSoftware } = await page.openFiles(paths);
    report.note(description);
    const times: PhaseTimes[] = [];
    const empty = page.memory().gpuNow;
    for (const phase of IMAGE_PHASES) times.push(await measurePhase(report, page, phase, empty));
    reportRatios(report, times, isSoftware);
    await checkStop(report, page, empty);
    await checkKill(report, page, paths, empty);
  } finally {
    await page.close();
  }
}

async function measurePhase(
  report: Report,
  page: ChromiumPage,
  phase: ImagePhase,
  empty: number,
): Promise<PhaseTimes> {
  const deviceBytes = await page.call('prepare', phase, LATENTS);
  const before = await page.call('plain');
  const stream = await page.call('stream');
  const between = await page.call('plain');
  await page.call('settle');
  page.forgetPeaks();
  const load = await page.call('load');
  const { rendererPeak, gpuPeak } = page.memory();
  const heap = await page.call('wasmHeapBytes');
  const finite = RUN.has(phase) ? await page.call('run') : null;
  await page.call('release');
  await checkNothingLeft(report, page, `${phase} released`, empty);
  const after = await page.call('plain');
  const plain = (between.ms + after.ms) / 2;
  const times = { load, plain, stream: (stream * plain * 2) / (before.ms + between.ms) };
  report.note(
    `${phase}: ${bytesText(before.bytes)} read, ${bytesText(deviceBytes)} on the device; load ${ratio(load, plain)}, read and convert ${ratio(times.stream, plain)} of a plain read`,
  );
  report.check(`${phase}: renderer peak ${bytesText(rendererPeak)} ≤ 1 GB`, rendererPeak <= RENDERER_BYTES);
  report.check(`${phase}: wasm heap ${bytesText(heap)} ≤ 64 MB`, heap <= WASM_HEAP_BYTES);
  report.note(`${phase}: GPU process peak ${bytesText(gpuPeak)}`);
  if (finite !== null) report.check(`${phase}: outputs finite`, finite);
  return times;
}

/**
 * A software GPU is this machine's processor: uploading to it takes as much of it as reading does, and 16-bit weights
 * take twice the bytes there. What remains to be promised on one is our part, measured without a device.
 */
function reportRatios(report: Report, times: readonly PhaseTimes[], isSoftware: boolean): void {
  const total = (key: keyof PhaseTimes) => times.reduce((sum, phase) => sum + phase[key], 0);
  const whole = `all phases: load ${ratio(total('load'), total('plain'))} of a plain read`;
  if (isSoftware) report.note(`${whole} (software GPU: the bound of 1.3 is for hardware)`);
  else report.check(`${whole} ≤ 1.3`, total('load') / total('plain') <= LOAD_RATIO);
  report.check(
    `all phases: our reading and conversion ${ratio(total('stream'), total('plain'))} of a plain read ≤ 1.3`,
    total('stream') / total('plain') <= LOAD_RATIO,
  );
  report.note(`machine load ${loadavg()[0]?.toFixed(1)}: with other work on it, ratios say little`);
}

/**
 * The largest network from the disk, as the first load of a day is: reading is the slower part then, and uploading goes
 * on beside it. Only where this process may empty the system's file cache.
 */
export async function checkDiskLoad(report: Report, dir: string): Promise<void> {
  report.heading('Chromium: the largest network, from the disk');
  const path = await ensureFullsizeFile(dir, 'checkpoint');
  if (!forgetFiles()) return report.note('left out: the file cache cannot be emptied here');
  const page = await ChromiumPage.open();
  try {
    await page.openFiles([
      path,
      await ensureFullsizeFile(dir, 'ip-adapter'),
      await ensureFullsizeFile(dir, 'clip-vision'),
    ]);
    await page.call('prepare', 'UNet step', LATENTS);
    forgetFiles();
    const before = await page.call('plain');
    forgetFiles();
    const load = await page.call('load');
    await page.call('release');
    forgetFiles();
    const after = await page.call('plain');
    const plain = (before.ms + after.ms) / 2;
    report.check(`UNet step: load ${ratio(load, plain)} of a plain read ≤ 1.3`, load / plain <= LOAD_RATIO);
  } finally {
    await page.close();
  }
}

/** Empties Linux' file cache; false where that is not allowed or not Linux. */
function forgetFiles(): boolean {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}

const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)} ×`;

async function checkStop(report: Report, page: ChromiumPage, empty: number): Promise<void> {
  await page.call('prepare', 'UNet step', LATENTS);
  const load = page.call('load').then(
    () => 'loaded',
    (error: unknown) => String(error),
  );
  await untilGpuGrows(page, empty);
  await page.call('stop');
  report.check('a load stopped in the middle ends with its signal', (await load).includes('stopped'));
  await checkNothingLeft(report, page, 'stopped', empty);
  await checkNextTry(report, page);
}

async function checkKill(
  report: Report,
  page: ChromiumPage,
  paths: readonly string[],
  empty: number,
): Promise<void> {
  await page.call('prepare', 'UNet step', LATENTS);
  page.call('load').catch(() => undefined);
  await untilGpuGrows(page, empty);
  await page.killWorker();
  await checkNothingLeft(report, page, 'killed', empty);
  await page.openFiles(paths);
  await checkNextTry(report, page);
}

async function untilGpuGrows(page: ChromiumPage, from: number): Promise<void> {
  while (page.memory().gpuNow < from + 2 * LEFT_BYTES) await pause(100);
}

async function checkNothingLeft(
  report: Report,
  page: ChromiumPage,
  what: string,
  before: number,
): Promise<void> {
  const end = performance.now() + FREED_WITHIN_MS;
  while (page.memory().gpuNow > before + LEFT_BYTES && performance.now() < end) await pause(100);
  const left = page.memory().gpuNow - before;
  report.check(
    `${what}: GPU process back at ${bytesText(Math.max(0, left))} above where it was`,
    left <= LEFT_BYTES,
  );
}

async function checkNextTry(report: Report, page: ChromiumPage): Promise<void> {
  await page.call('prepare', 'conditioning', LATENTS);
  await page.call('load');
  report.check('the next load works and gives finite outputs', await page.call('run'));
  await page.call('release');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
