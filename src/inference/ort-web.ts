import type * as OrtWeb from 'onnxruntime-web/jspi';
import asyncifyModule from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncifyWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import jspiModule from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiWasm from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';

export type Ort = typeof OrtWeb;

/** The build of onnxruntime-web that was loaded, and what it can do. */
export interface OrtBuild {
  readonly ort: Ort;
  /** JSPI streams weights from Blobs; the asyncify build reads each Blob whole. */
  readonly streamsBlobs: boolean;
  readonly threads: number;
}

/** More threads than this do not help the small convolutions of the demo pack and starve the page. */
const MAX_THREADS = 8;

let loading: Promise<OrtBuild> | undefined;

/** Loads the one onnxruntime-web build this browser can run, with its wasm from our own origin. */
export function loadOrt(): Promise<OrtBuild> {
  return (loading ??= 'Suspending' in WebAssembly ? loadJspi() : loadAsyncify());
}

async function loadJspi(): Promise<OrtBuild> {
  const ort = await import('onnxruntime-web/jspi');
  return configure(ort, jspiModule, jspiWasm, true);
}

async function loadAsyncify(): Promise<OrtBuild> {
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  return configure(ort, asyncifyModule, asyncifyWasm, false);
}

function configure(ort: Ort, mjs: string, wasm: string, streamsBlobs: boolean): OrtBuild {
  const threads = globalThis.crossOriginIsolated ? Math.min(networkCores(), MAX_THREADS) : 1;
  ort.env.wasm.wasmPaths = { mjs, wasm };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  return { ort, streamsBlobs, threads };
}

/** All cores but one, which the page and the drawing need to follow the hand; of two, both: halving the speed is worse. */
function networkCores(): number {
  const cores = navigator.hardwareConcurrency;
  return cores > 2 ? cores - 1 : cores;
}
