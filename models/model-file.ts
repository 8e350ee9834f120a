import type { Words } from '#domain/job/sentence.ts';
import type { IpAdapterConfig } from './ip-adapter/config.ts';
import type { LoraNaming, LoraTarget } from './lora/names.ts';
import type { LoraFamily } from './lora/parse.ts';
import type { UnetConfig } from './sdxl/unet-config.ts';
import type { UnetNaming } from './sdxl/unet-names.ts';

/** What a .safetensors file is. `sentence` says it to the user; for `refused` and `unknown` also why and what to do. */
export type ModelFile =
  | SdxlFile
  | ({ readonly kind: 'vae'; readonly latentChannels: number } & Told)
  | ({
      readonly kind: 'taesd';
      readonly latentChannels: number;
      readonly encoder: boolean;
      readonly decoder: boolean;
    } & Told)
  | ({ readonly kind: 'clip-vision'; readonly layers: number; readonly width: number } & Told)
  | ({ readonly kind: 'clip-text'; readonly towers: readonly TextTower[] } & Told)
  | ({ readonly kind: 'ip-adapter'; readonly config: IpAdapterConfig } & Told)
  | ({ readonly kind: 'sam3'; readonly naming: 'transformers' | 'original' | 'sam3.1' } & Told)
  | LoraFile
  | ({ readonly kind: 'refused'; readonly what: string } & Told)
  | ({ readonly kind: 'unknown' } & Told);

interface Told {
  readonly sentence: Words;
}

/** A text encoder inside a file, and what its keys begin with. */
export interface TextTower {
  readonly which: 'clip-l' | 'clip-g';
  readonly prefix: string;
}

/** A UNet of the SDXL family, alone or with what else the file holds. */
export interface SdxlFile extends Told {
  readonly kind: 'sdxl';
  readonly unet: UnetConfig;
  readonly naming: UnetNaming;
  /** Reads a mask and the masked picture beside the latents: 9 input channels where the ordinary model has 4. */
  readonly inpaint: boolean;
  readonly prediction: 'eps' | 'v';
  /** Trained with a zero-terminal-SNR noise table (`ztsnr`). */
  readonly zeroTerminalSnr: boolean;
  readonly text: readonly TextTower[];
  readonly codec: 'vae' | 'taesd' | null;
  /** Latent scale stated by our own metadata; null: the family's usual one. */
  readonly latentScale: number | null;
}

/** Changes to networks that other files hold. */
export interface LoraFile extends Told {
  readonly kind: 'lora';
  readonly naming: LoraNaming;
  readonly families: readonly LoraFamily[];
  /** Weights are rescaled to learned magnitudes. */
  readonly dora: boolean;
  readonly targets: readonly LoraTarget[];
  /** How many modules it changes. */
  readonly modules: number;
  /** The largest; null where nothing is decomposed. */
  readonly rank: number | null;
}
