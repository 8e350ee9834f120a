import { sentence } from '#domain/job/sentence.ts';

/** Licences as the models' own pages name them; where they name none, what to do about it. */
const faiplUrl = 'https://freedevproject.org/faipl-1.0-sd/';

/** Licences of the files in the catalogue, with the page that has the text. */
export const LICENCES = {
  sdxl: {
    name: 'CreativeML Open RAIL++-M',
    url: 'https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md',
  },
  openrailM: {
    name: 'CreativeML Open RAIL-M',
    url: 'https://huggingface.co/spaces/CompVis/stable-diffusion-license',
  },
  faipl: { name: 'Fair AI Public License 1.0-SD', url: faiplUrl },
  turbo: {
    name: sentence`Stability AI community licence (sai-nc-community), limits on commercial use`.id,
    url: 'https://huggingface.co/stabilityai/sdxl-turbo',
  },
  lightning: {
    name: 'CreativeML Open RAIL++-M',
    url: 'https://huggingface.co/ByteDance/SDXL-Lightning/blob/main/LICENSE.md',
  },
  hyper: {
    name: sentence`See LICENSE.md of the model; the page names none`.id,
    url: 'https://huggingface.co/ByteDance/Hyper-SD/blob/main/LICENSE.md',
  },
  apache: { name: 'Apache-2.0', url: 'https://huggingface.co/h94/IP-Adapter' },
  mit: { name: 'MIT', url: 'https://opensource.org/license/mit' },
  sam: {
    name: 'SAM License (Meta)',
    url: 'https://github.com/facebookresearch/sam3/blob/main/LICENSE',
  },
  realEsrgan: { name: 'MIT', url: 'https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE' },
} as const;
