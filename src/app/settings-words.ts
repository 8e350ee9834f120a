import type { FoundLora } from '#domain/settings/found-settings.ts';
import type { SettingsChange, SettingValue } from '#domain/settings/difference.ts';
import type { RuntimeInfo } from '#worker/api.ts';
import { formatNumber, messages, said } from './messages.ts';
import type { SettingsOffer } from './settings-offer.svelte.ts';

/** One row of what would change. */
export interface ChangeWords {
  readonly label: string;
  /** Null: nothing was there, and the row says only what comes. */
  readonly before: string | null;
  readonly after: string;
}

/** "Steps: 20 → 28" in the words of the page. */
export function changeWords(change: SettingsChange): ChangeWords {
  const { recipe, parameters, layers } = messages;
  switch (change.kind) {
    case 'parameter': {
      const { section, key, before, after } = change;
      return {
        label: parameterLabel(section, key),
        before: valueWords(key, before),
        after: valueWords(key, after),
      };
    }
    case 'concept': {
      const { key, phrase, before, after } = change;
      const label = recipe.within(phrase, conceptLabel(key));
      if (before === null || after === null) return { label, before: null, after: recipe.changed };
      return { label, before: valueWords(key, before), after: valueWords(key, after) };
    }
    case 'concept-added':
      return { label: recipe.conceptAdded, before: null, after: change.phrase };
    case 'concept-removed':
      return { label: recipe.conceptRemoved, before: null, after: change.phrase };
    case 'detections':
    case 'layers': {
      const label = change.kind === 'layers' ? layers.title : parameters.sections.detail;
      return { label, before: formatNumber(change.before), after: formatNumber(change.after) };
    }
  }
}

/** The labels the panels have; where one has no part of its own that says which, its part comes first. */
function parameterLabel(section: string, key: string): string {
  const { parameters: texts, recipe } = messages;
  const plain: Readonly<Record<string, string>> = {
    'sampling.sampler': texts.sampler.label,
    'sampling.scheduler': texts.scheduler.label,
    'sampling.steps': texts.steps.label,
    'sampling.guidanceScale': texts.guidance.label,
    'scaffold.seed': texts.seed.label,
    'scaffold.levels': texts.octaves.label,
    'scaffold.discount': texts.discount.label,
    'detail.enabled': texts.detailEnabled.label,
    'global.enabled': texts.globalEnabled.label,
    'output.canvasLongSidePx': texts.canvasSize.label,
    'output.exportLongSidePx': texts.exportSize.label,
    'promptSyntax.promptSyntax': texts.promptSyntax.label,
    'batchLimit.batchLimit': texts.batchLimit.label,
  };
  const within: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    detail: { padding: texts.padding.label, growPx: texts.grow.label, featherPx: texts.feather.label },
    anchor: { preset: texts.anchorPreset.label, start: texts.anchorStart.label, end: texts.anchorEnd.label },
    global: {
      prompt: texts.globalPrompt.label,
      negative: texts.globalNegative.label,
      denoise: texts.globalDenoise.label,
      tilePx: texts.tile.label,
      overlapPx: texts.overlap.label,
      refinedFactor: texts.refinedFactor.label,
      anchorScale: texts.anchor.label,
    },
  };
  const titles: Readonly<Record<string, string>> = texts.sections;
  const inner = within[section]?.[key];
  if (inner !== undefined) return recipe.within(titles[section] ?? section, inner);
  return plain[`${section}.${key}`] ?? key;
}

function conceptLabel(key: string): string {
  const { parameters: texts, recipe, rules, examples } = messages;
  const labels: Readonly<Record<string, string>> = {
    prompt: texts.prompt.label,
    negative: texts.negative.label,
    layer: texts.layer.label,
    selection: texts.selection.label,
    maxObjects: texts.maxObjects.label,
    threshold: texts.threshold.label,
    denoise: texts.denoise.label,
    anchorScale: texts.anchor.label,
    featherPx: texts.feather.label,
    tilePx: rules.tiles.label,
    examples: examples.title,
    rules: recipe.rules,
  };
  return labels[key] ?? key;
}

function valueWords(key: string, value: SettingValue): string {
  const { parameters: texts, recipe } = messages;
  if (typeof value === 'boolean') return value ? recipe.on : recipe.off;
  if (typeof value === 'number') return formatNumber(value);
  const names: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    sampler: texts.samplers,
    scheduler: texts.schedulers,
    preset: texts.anchorPresets,
    selection: texts.selections,
    promptSyntax: texts.promptSyntaxes,
  };
  const text = value.trim();
  return text === '' ? recipe.empty : (names[key]?.[text] ?? text);
}

/** What offered settings do not bring: models that are not in use, and what their reader left out. */
export function offerNotes(
  { carried: { found, recipe }, waiting }: SettingsOffer,
  used: RuntimeInfo['models'],
): readonly string[] {
  const inUse = (name: string) => used.some((model) => stemOf(model.name) === stemOf(name));
  const wanted = recipe
    ? modelsOf(recipe.models)
    : { checkpoint: found?.checkpoint ?? null, loras: found?.loras ?? [] };
  const { checkpoint } = wanted;
  const loras = wanted.loras.filter(({ name }) => !inUse(name));
  const masks = recipe?.request.detections.length ?? 0;
  const texts = messages.recipe;
  return [
    ...(masks > 0 && waiting ? [texts.withMasks(masks)] : []),
    ...(checkpoint && !inUse(checkpoint) ? [texts.madeWith(checkpoint)] : []),
    ...(loras.length > 0 ? [texts.loras(loras.map(loraWords))] : []),
    ...(recipe ? [] : (found?.notes ?? []).map((note) => said(note))),
  ];
}

function modelsOf(models: readonly { role: string; name: string; strength?: number | undefined }[]) {
  const loras = models.filter(({ role }) => role === 'lora');
  return {
    checkpoint: models.find(({ role }) => role === 'checkpoint')?.name ?? null,
    loras: loras.map(({ name, strength = null }): FoundLora => ({ name, strength })),
  };
}

function loraWords({ name, strength }: FoundLora): string {
  return strength === null ? name : `${name} (${formatNumber(strength)})`;
}

/** A model's name without folder and ending, for tools write it with and without. */
function stemOf(name: string): string {
  const file = name.split(/[\\/]/).at(-1) ?? name;
  return file.replace(/\.(?:safetensors|sft|ckpt|pt)$/i, '').toLowerCase();
}
