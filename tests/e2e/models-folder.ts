import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeSafetensors, type TensorToWrite } from '#formats/safetensors/write.ts';

const DEMO = 'models/demo';
/** Enough for an import to be stopped in its middle. */
export const LARGE_BYTES = 160_000_000;

/** Where the files of {@link writeComfyFolder} lie below the folder. */
export const PATHS = {
  checkpoint: 'models/checkpoints/luna-own.safetensors',
  lora: 'models/loras/teal-style.safetensors',
  large: 'models/vae/large-vae.safetensors',
} as const;

/** A ComfyUI folder with the demo pack's networks under other names, a LoRA for them, and files nobody can use. */
export async function writeComfyFolder(root: string): Promise<void> {
  const checkpoint = await readFile(join(DEMO, 'checkpoint.safetensors'));
  await copy(root, 'checkpoint.safetensors', PATHS.checkpoint);
  await copy(root, 'autoencoder.safetensors', 'models/vae/own-vae.safetensors');
  await copy(root, 'vision.safetensors', 'models/clip_vision/own-vision.safetensors');
  await copy(root, 'ip-adapter.safetensors', 'models/ipadapter/own-adapter.safetensors');
  await copy(root, 'sam3.safetensors', 'models/sams/own-sam3.safetensors');
  await put(root, PATHS.lora, styleLora());
  await put(root, 'models/checkpoints/old.ckpt', Buffer.from('a pickle'));
  await put(root, 'models/checkpoints/cut.safetensors', checkpoint.subarray(0, checkpoint.length / 2));
  await put(root, 'models/checkpoints/noise.safetensors', Buffer.alloc(4096, 7));
  await put(root, 'models/checkpoints/sd15.safetensors', stableDiffusion1());
}

async function copy(root: string, name: string, path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(join(DEMO, name), join(root, path));
}

async function put(root: string, path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), bytes);
}

/** Adds an autoencoder with {@link LARGE_BYTES} of zeros behind it, which take no room on this disk. */
export async function addLargeFile(root: string): Promise<void> {
  const small = await readFile(join(DEMO, 'autoencoder.safetensors'));
  const headerBytes = Number(small.readBigUInt64LE(0));
  const header = JSON.parse(small.subarray(8, 8 + headerBytes).toString()) as Record<string, object>;
  const dataBytes = small.length - 8 - headerBytes;
  header['padding'] = {
    dtype: 'U8',
    shape: [LARGE_BYTES],
    data_offsets: [dataBytes, dataBytes + LARGE_BYTES],
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const begin = Buffer.concat([length, json, small.subarray(8 + headerBytes)]);
  await put(root, PATHS.large, begin);
  await truncate(join(root, PATHS.large), begin.length + LARGE_BYTES);
}

/** Changes every attention of the demo checkpoint's first attention block and of its middle. */
export function styleLora(): Uint8Array {
  const rank = 2;
  const width = 64;
  const blocks = [
    'input_blocks_7_1_transformer_blocks_0',
    'input_blocks_8_1_transformer_blocks_0',
    'middle_block_1_transformer_blocks_0',
    'output_blocks_0_1_transformer_blocks_0',
  ];
  const tensors = blocks.flatMap((block) =>
    ['attn1_to_v', 'attn1_to_out_0'].flatMap((name) => {
      const stem = `lora_unet_${block}_${name}`;
      return [
        matrix(`${stem}.lora_down.weight`, rank, width),
        matrix(`${stem}.lora_up.weight`, width, rank),
        { name: `${stem}.alpha`, dtype: 'F32', dims: [], bytes: bytesOf(Float32Array.of(rank)) },
      ];
    }),
  );
  return writeSafetensors(tensors, { 'modelspec.title': 'Teal style' });
}

/** Smooth values up to 0.7, so that the change is plain to see and not noise. */
function matrix(name: string, rows: number, columns: number): TensorToWrite {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => 0.7 * Math.sin(i + name.length));
  return { name, dtype: 'F32', dims: [rows, columns], bytes: bytesOf(values) };
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** The tensors by which a Stable Diffusion 1.x UNet is told from SDXL. */
function stableDiffusion1(): Uint8Array {
  const prefix = 'model.diffusion_model.';
  const shapes = {
    [`${prefix}input_blocks.0.0.weight`]: [320, 4, 3, 3],
    [`${prefix}time_embed.0.weight`]: [1280, 320],
    [`${prefix}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight`]: [320, 768],
  };
  return writeSafetensors(
    Object.entries(shapes).map(([name, dims]) => {
      const bytes = new Uint8Array(2 * dims.reduce((product, dim) => product * dim, 1));
      return { name, dtype: 'F16', dims, bytes };
    }),
  );
}
