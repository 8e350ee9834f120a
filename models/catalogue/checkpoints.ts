import type { CatalogueEntry, CatalogueRole } from './entry.ts';
import { LICENCES } from './licences.ts';

/** A complete SDXL checkpoint brings its text encoders and its VAE. */
const COMPLETE: readonly CatalogueRole[] = ['checkpoint', 'text-l', 'text-g', 'autoencoder'];

const complete = {
  kind: 'sdxl',
  roles: COMPLETE,
  needs: [],
  gated: false,
  usable: true,
} as const;

/** SDXL base and well-known models trained from it. After each entry: where size and hash were read. */
export const CHECKPOINTS: readonly CatalogueEntry[] = [
  {
    ...complete,
    // huggingface.co/cgburgos/sdxl-1-0-base (duplicate, LFS page); size and revision in public installers' manifests.
    id: 'sdxl-base-1.0',
    title: 'SDXL base 1.0',
    fileName: 'sd_xl_base_1.0.safetensors',
    bytes: 6_938_078_334,
    sha256: '31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b',
    licence: LICENCES.sdxl,
    source: {
      kind: 'hub',
      repo: 'stabilityai/stable-diffusion-xl-base-1.0',
      path: 'sd_xl_base_1.0.safetensors',
      revision: '462165984030d82259a11f4367a4eed129e94a7b',
    },
    family: 'sdxl',
    sentence: 'The model all SDXL files descend from; a sound choice for any kind of picture.',
  },
  {
    ...complete,
    // huggingface.co/SG161222/RealVisXL_V5.0 (LFS page); size: huggingface.co/misri/RealVisXL_V5.0_fp16/commit/4277273.
    id: 'realvisxl-5.0',
    title: 'RealVisXL V5.0',
    fileName: 'RealVisXL_V5.0_fp16.safetensors',
    bytes: 6_938_065_488,
    sha256: '6a35a7855770ae9820a3c931d4964c3817b6d9e3c6f9c4dabb5b3a94e5643b80',
    licence: LICENCES.sdxl,
    source: {
      kind: 'hub',
      repo: 'SG161222/RealVisXL_V5.0',
      path: 'RealVisXL_V5.0_fp16.safetensors',
      revision: '3125c9694b477d14433287b90c84f447237f6867',
    },
    family: 'sdxl',
    sentence: 'Trained for photographs of people and places.',
  },
  {
    ...complete,
    // huggingface.co/RunDiffusion/Juggernaut-XL-v9/commit/db6029ff439593ff1585b0108c1be065afcad329 and its LFS page.
    id: 'juggernaut-xl-9',
    title: 'Juggernaut XL v9',
    fileName: 'Juggernaut-XL_v9_RunDiffusionPhoto_v2.safetensors',
    bytes: 7_105_348_188,
    sha256: 'c9e3e68f89b8e38689e1097d4be4573cf308de4e3fd044c64ca697bdb4aa8bca',
    licence: LICENCES.openrailM,
    source: {
      kind: 'hub',
      repo: 'RunDiffusion/Juggernaut-XL-v9',
      path: 'Juggernaut-XL_v9_RunDiffusionPhoto_v2.safetensors',
      revision: 'main',
    },
    family: 'sdxl',
    sentence: 'Photographic and cinematic pictures. Its makers do not permit use behind API services.',
  },
  {
    ...complete,
    // huggingface.co/cagliostrolab/animagine-xl-3.1 (LFS page); size: huggingface.co/nanxiz/zcabnzhfun/commit/7f1a907.
    id: 'animagine-xl-3.1',
    title: 'Animagine XL 3.1',
    fileName: 'animagine-xl-3.1.safetensors',
    bytes: 6_938_325_776,
    sha256: 'e3c47aedb06418c6c331443cd89f2b3b3b34b7ed2102a3d4c4408a8d35aad6b0',
    licence: LICENCES.faipl,
    source: {
      kind: 'hub',
      repo: 'cagliostrolab/animagine-xl-3.1',
      path: 'animagine-xl-3.1.safetensors',
      revision: '9fa190de89153b0f0929fe69fb771cafd92fac41',
    },
    family: 'sdxl',
    sentence: 'Anime drawings, prompted with tags.',
  },
  {
    ...complete,
    // Public installers' manifests (repository, revision, size and hash agree); huggingface.co/tomopari/test/commit/5fca6cc.
    id: 'illustrious-xl-0.1',
    title: 'Illustrious XL v0.1',
    fileName: 'Illustrious-XL-v0.1.safetensors',
    bytes: 6_938_040_760,
    sha256: '3e15ba00387db678ab4a099f75771c4f5ac67fda9e7100a01d263eaf30145aa9',
    licence: LICENCES.faipl,
    source: {
      kind: 'hub',
      repo: 'OnomaAIResearch/Illustrious-xl-early-release-v0',
      path: 'Illustrious-XL-v0.1.safetensors',
      revision: 'f08f0826ffe32183ba2d1f4106dd5b32e195a02e',
    },
    family: 'illustrious',
    sentence: 'Illustrations and anime, prompted with tags; the base of many others.',
  },
  {
    ...complete,
    // huggingface.co/CasperJames322/PD/commit/55a02d1 and eight more uploads; the maker's own v6.safetensors not confirmed.
    id: 'pony-diffusion-6-xl',
    title: 'Pony Diffusion V6 XL',
    fileName: 'ponyDiffusionV6XL_v6StartWithThisOne.safetensors',
    bytes: 6_938_041_050,
    sha256: '67ab2fd8ec439a89b3fedb15cc65f54336af163c7eb5e4f2acc98f090a29b0b3',
    licence: LICENCES.openrailM,
    source: { kind: 'page', url: 'https://huggingface.co/AstraliteHeart/pony-diffusion-v6' },
    family: 'pony',
    sentence: 'Drawn characters of every style; prompts begin with score_9 and the like.',
  },
  {
    ...complete,
    // huggingface.co/stabilityai/sdxl-turbo (LFS page); size: huggingface.co/luca115/stable-diffusion/commit/fff76af.
    id: 'sdxl-turbo-1.0',
    title: 'SDXL Turbo 1.0',
    fileName: 'sd_xl_turbo_1.0_fp16.safetensors',
    bytes: 6_938_081_905,
    sha256: 'e869ac7d6942cb327d68d5ed83a40447aadf20e0c3358d98b2cc9e270db0da26',
    licence: LICENCES.turbo,
    source: {
      kind: 'hub',
      repo: 'stabilityai/sdxl-turbo',
      path: 'sd_xl_turbo_1.0_fp16.safetensors',
      revision: 'main',
    },
    family: 'turbo',
    sentence: 'One to four steps without guidance; trained at 512 px, so fine detail is coarser.',
  },
  {
    ...complete,
    // huggingface.co/ByteDance/SDXL-Lightning (LFS page); size and revision in public installers' manifests.
    id: 'sdxl-lightning-4step',
    title: 'SDXL Lightning, 4 steps',
    fileName: 'sdxl_lightning_4step.safetensors',
    bytes: 6_938_040_682,
    sha256: 'e0d996ee0013e79d9d3561f50fcafb9a17e3ff07b780358e3b66d67932c4d490',
    licence: LICENCES.lightning,
    source: {
      kind: 'hub',
      repo: 'ByteDance/SDXL-Lightning',
      path: 'sdxl_lightning_4step.safetensors',
      revision: 'c9a24f48e1c025556787b0c58dd67a091ece2e44',
    },
    family: 'lightning',
    sentence: 'SDXL in four to eight steps: about a quarter of the time.',
  },
];
