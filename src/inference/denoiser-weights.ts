import { ipAdapterView } from '#models/ip-adapter/config.ts';
import { unetView } from '#models/sdxl/unet-names.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { fileWeights, type WeightSource } from './weights.ts';

/** The UNet of a checkpoint, LDM or diffusers file under canonical names. */
export function unetWeights(file: SafetensorsFile): WeightSource {
  return fileWeights(file, unetView(file.names));
}

/** An IP-Adapter's matrices and image projection under canonical names. */
export function ipAdapterWeights(file: SafetensorsFile): WeightSource {
  return fileWeights(file, ipAdapterView(file.names));
}
