import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { presetFor } from '#app/presets.ts';
import { truncatedSigmas } from '#domain/sampling/schedules.ts';
import { guessFamily, type Family } from '#models/family.ts';

const DISTILLED: readonly Family[] = ['lightning', 'turbo', 'lcm', 'hyper'];
const FAMILIES: readonly Family[] = ['sdxl', 'pony', 'illustrious', ...DISTILLED];

describe('presets', () => {
  it.each(DISTILLED)('%s models run few steps without guidance, on evenly spaced levels', (family) => {
    const { steps, guidanceScale, scheduler, sentence } = presetFor(family);
    expect(steps).toBeLessThanOrEqual(8);
    expect(guidanceScale).toBe(1);
    expect(scheduler).toBe('sgm_uniform');
    expect(sentence).toMatch(/steps.*strictness 1/);
  });

  it('start from the levels Lightning was trained on', () => {
    const { scheduler, steps } = presetFor('lightning');
    const trained = [14.6146, 4.0861, 1.6156, 0.6951, 0];
    truncatedSigmas(scheduler, steps, 1).forEach((sigma, i) => expect(sigma).toBeCloseTo(trained[i]!, 3));
  });

  it('are the defaults for SDXL itself', () => {
    const { sentence, ...sampling } = presetFor('sdxl');
    expect(sampling).toEqual(DEFAULTS.parameters.sampling);
    expect(sentence).toContain('SDXL');
  });

  it('differ from one another in what they say', () => {
    expect(new Set(FAMILIES.map((family) => presetFor(family).sentence)).size).toBe(FAMILIES.length);
  });
});

describe('guessFamily', () => {
  it.each<[string, Family]>([
    ['sd_xl_base_1.0.safetensors', 'sdxl'],
    ['juggernautXL_v9Rundiffusionphoto2.safetensors', 'sdxl'],
    ['ponyDiffusionV6XL_v6StartWithThisOne.safetensors', 'pony'],
    ['autismmixSDXL_autismmixPony.safetensors', 'pony'],
    ['Illustrious-XL-v0.1.safetensors', 'illustrious'],
    ['noobaiXLNAIXL_epsilonPred11Version.safetensors', 'illustrious'],
    ['waiIllustriousSDXL_v150.safetensors', 'illustrious'],
    ['hassakuXL_illustrious_v2.safetensors', 'illustrious'],
    ['someMix_ilxl_v3.safetensors', 'illustrious'],
    ['silverXL_v2.safetensors', 'sdxl'],
    ['sdxl_lightning_4step.safetensors', 'lightning'],
    ['RealVisXL_V5.0_Lightning_fp16.safetensors', 'lightning'],
    ['sd_xl_turbo_1.0_fp16.safetensors', 'turbo'],
    ['dreamshaperXL_turboDpmppSDE.safetensors', 'turbo'],
    ['lcm-lora-sdxl.safetensors', 'lcm'],
    ['sdxl_dmd2_4step.safetensors', 'lcm'],
    ['Hyper-SDXL-8steps-lora.safetensors', 'hyper'],
    ['hyperrealism_v3.safetensors', 'sdxl'],
    ['ponyLightning_v1.safetensors', 'lightning'],
  ])('%s is %s', (name, family) => {
    expect(guessFamily(name, new Map())).toBe(family);
  });

  it('believes metadata before the name', () => {
    const metadata = new Map([['modelspec.title', 'Pony Diffusion V6 XL']]);
    expect(guessFamily('my_turbo_charged_merge.safetensors', metadata)).toBe('pony');
    expect(
      guessFamily('x.safetensors', new Map([['ss_sd_model_name', 'Illustrious-XL-v0.1.safetensors']])),
    ).toBe('illustrious');
  });

  it('falls back to the name where metadata says nothing of it', () => {
    const metadata = new Map([['modelspec.title', 'merge 12']]);
    expect(guessFamily('anime_lightning.safetensors', metadata)).toBe('lightning');
  });
});
