import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmissionOptions, Network } from '#inference/runtime.ts';
import { Sam3Segmenter } from '#inference/segmenter.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { diskSource } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { randomFeeds } from './feeds.ts';
import { IMAGE_PHASES, imageNetworks, sam3Networks, type FullsizeNetwork } from './graphs.ts';
import { bytesText, type Report } from './report.ts';
import { KNOWINGLY_UNREAD } from './unread.ts';
import { unreadTensors, WatchedSource } from './watched-source.ts';
import { ensureFullsizeFile, type FullsizeName } from './weight-files.ts';

interface WatchedFile {
  readonly file: SafetensorsFile;
  readonly source: WatchedSource;
}

/** Side of the UNet's latents: a 512 px crop. */
const LATENTS = 64;

/** Every SDXL network through onnxruntime-node, one after the other: accepted, finite, every tensor of the files read. */
export async function checkImageModel(report: Report, dir: string): Promise<void> {
  report.heading(`onnxruntime-node: image model, ${LATENTS}×${LATENTS} latents`);
  const [checkpoint, ipAdapter, clipVision] = [
    await watchedFile(dir, 'checkpoint'),
    await watchedFile(dir, 'ip-adapter'),
    await watchedFile(dir, 'clip-vision'),
  ];
  const files = { checkpoint: checkpoint.file, ipAdapter: ipAdapter.file, clipVision: clipVision.file };
  const runtime = nodeRuntime(dir);
  for (const phase of IMAGE_PHASES)
    for (const network of imageNetworks(phase, files, runtime.emission, LATENTS))
      await runOnce(report, runtime, network);
  for (const watched of [checkpoint, ipAdapter, clipVision]) reportUnread(report, watched);
}

/** Every SAM 3 graph accepted, and one picture of full size asked for one phrase. */
export async function checkSam3(report: Report, dir: string): Promise<void> {
  report.heading('onnxruntime-node: SAM 3, 1008×1008 px');
  const watched = await watchedFile(dir, 'sam3');
  const runtime = nodeRuntime(dir);
  for (const { graph, weights } of sam3Networks(watched.file, runtime.emission)) {
    const network = await runtime.load('sam3', graph, weights);
    report.check(`${graph.name} accepted`, true);
    await network.release();
  }
  const segmenter = new Sam3Segmenter(runtime, sam3Model(watched.file));
  const picture = { width: 1008, height: 1008, data: new Uint8ClampedArray(1008 * 1008 * 4) };
  picture.data.forEach((_, i) => (picture.data[i] = (i * 7919) % 256));
  const image = await segmenter.encodeImage(picture as Parameters<Sam3Segmenter['encodeImage']>[0]);
  const { presence, detections } = await image.detect('a red apple', 0);
  const finite =
    Number.isFinite(presence) && detections.every(({ logits }) => logits.data.every(Number.isFinite));
  report.check(
    `one picture, one phrase: ${detections.length} masks, all finite`,
    finite && detections.length > 0,
  );
  report.note(memoryText());
  image.dispose();
  await segmenter.release();
  reportUnread(report, watched);
}

async function watchedFile(dir: string, name: FullsizeName): Promise<WatchedFile> {
  const source = new WatchedSource(await diskSource(await ensureFullsizeFile(dir, name)));
  const file = await SafetensorsFile.open(source);
  source.ranges.length = 0;
  return { file, source };
}

function nodeRuntime(dir: string): OrtNodeRuntime {
  return new OrtNodeRuntime({ attention: 'plain', spoolDir: join(dir, 'spool') });
}

async function runOnce(
  report: Report,
  runtime: { readonly emission: EmissionOptions; load: OrtNodeRuntime['load'] },
  { graph, weights }: FullsizeNetwork,
): Promise<void> {
  const network: Network = await runtime.load('fullsize', graph, weights);
  const outputs = Object.values(await network.run(randomFeeds(graph)));
  let finite = true;
  for (const output of outputs)
    finite &&= ((await output.read()).data as Float32Array).every(Number.isFinite);
  report.check(
    `${graph.name}: ${graph.weights.length} weights, accepted, ${outputs.length} outputs finite`,
    finite,
  );
  report.note(memoryText());
  await network.release();
}

function reportUnread(report: Report, { file, source }: WatchedFile): void {
  const unread = unreadTensors(file, source.ranges);
  const unknown = unread.filter((name) => !KNOWINGLY_UNREAD.some(({ keys }) => keys.test(name)));
  const count = file.names.length;
  report.check(
    `"${file.source.name}": ${count - unread.length} of ${count} tensors read, ${unread.length} knowingly not${unknown[0] ? `; unknown: ${unknown[0]}` : ''}`,
    unknown.length === 0,
  );
}

/** Private memory (mapped weights are the system's to drop) and all that is resident; Linux only. */
function memoryText(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  const bytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN) * 1024;
  return `memory: ${bytesText(bytes('RssAnon'))} private, ${bytesText(bytes('VmRSS'))} resident`;
}
