import { untrack } from 'svelte';
import type { Layer } from '#domain/document/layer.ts';
import { sameValue } from '#domain/document/same-value.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { Latest } from './latest.ts';
import { layerName } from './layer-commands.ts';
import { chooseLocale, chosenLocale, currentLocale, messages, type Saying } from './messages.ts';
import { keymap } from './keymap.svelte.ts';
import { OverlayMemory } from './overlay-update.ts';
import { preferences } from './preferences.svelte.ts';
import { buildOverlay } from './requests.ts';
import { loadSettings, saveSettings, type Settings } from './settings.ts';
import type { Studio } from './studio.ts';
import { tellDuration } from './timing.ts';
import { StackMemory } from './stack-update.ts';
import { rememberTools } from './tools.svelte.ts';
import type { RefinePlan, WorkerView } from './worker-client.ts';

const PLAN_DELAY_MS = 200;
const SAVE_DELAY_MS = 500;

/** What follows the states by itself: the drawing, the shown stack, the plan, the remembered settings. */
export class Sync {
  /** Cost of the present request; null while it is worked out. */
  plan = $state.raw<RefinePlan | null>(null);
  planError = $state.raw<Saying | null>(null);
  /** Ids of layers whose pixels are gone, or that were painted on another canvas size. */
  missing = $state.raw<readonly string[]>([]);
  readonly #studio: Studio;
  readonly #stack = new StackMemory();
  /** Ids of layers that were said to be lost. */
  #reported: readonly string[] = [];

  /** Keeps worker and storage up to date with the states. Must run while a component is being set up. */
  constructor(studio: Studio) {
    this.#studio = studio;
    const { document, view, client } = studio;
    const views = new Latest<WorkerView>((next) => this.#sendView(next));
    const known = new OverlayMemory();
    const overlays = new Latest<ReturnType<typeof buildOverlay>>((items) =>
      client.send((_api, viewer) => viewer.setOverlay(known.updateFor(items))),
    );
    $effect(() => {
      if (document.runtime) views.push({ ...view.worker, backdrop: preferences.backdrop });
      else known.forget();
    });
    $effect(() => {
      if (document.runtime && document.image)
        overlays.push([
          ...buildOverlay(document.detections, document.selectedDetection?.id ?? null),
          ...studio.masks.picks.overlay,
        ]);
    });
    $effect(() => {
      const { tool } = view;
      untrack(() => studio.masks.took(tool));
    });
    const stacks = new Latest<readonly Layer[]>((layers) => this.#showLayers(layers));
    $effect(() => {
      if (!document.runtime) this.#stack.forget();
      else if (document.image && studio.job.kind !== 'refine') stacks.push(document.layers);
    });
    $effect(() => this.#planSoon());
    $effect(() => {
      window.document.documentElement.lang = currentLocale();
    });
    $effect(() => {
      const { dataset } = window.document.documentElement;
      dataset['theme'] = preferences.shownTheme;
      dataset['motion'] = preferences.reducedMotion ? 'reduced' : 'full';
    });
    this.#remember();
    rememberTools(view.tools);
  }

  #planSoon(): (() => void) | undefined {
    const { document, job, models } = this.#studio;
    const { request, image, runtime, canRefine } = document;
    // Another budget or selection makes another plan of the same request.
    void models.view.planKey;
    if (!image || !runtime || job.running) return undefined;
    this.planError = null;
    if (!canRefine) this.plan = null;
    if (!canRefine) return undefined;
    const timer = setTimeout(() => void this.#plan(request), PLAN_DELAY_MS);
    return () => clearTimeout(timer);
  }

  async #plan(request: RefineRequest): Promise<void> {
    const { client, document, painting } = this.#studio;
    const result = await client.call((api) => api.plan(request, painting.targetOf()));
    if (document.request !== request) return;
    this.plan = result.ok ? result.value : null;
    this.planError = result.ok ? null : (result.error.sentence ?? result.error.message);
  }

  /** Blends the stack anew. Layers whose pixels are gone, e.g. with an ended worker, are said once. */
  async #showLayers(layers: readonly Layer[]): Promise<void> {
    const { client, notifier } = this.#studio;
    const shown = await client.call((api) => api.layers.show(this.#stack.updateFor(layers)));
    if (!shown.ok) this.#stack.forget();
    this.missing = shown.ok ? shown.value.missing : [];
    const missing = this.missing.filter((id) => !this.#reported.includes(id));
    this.#reported = [...this.#reported, ...missing];
    const names = layers.filter(({ id }) => missing.includes(id)).map(layerName);
    if (names.length > 0) notifier.error(messages.layers.missing(names));
  }

  async #sendView(view: WorkerView): Promise<void> {
    const asked = performance.now();
    await this.#studio.client.send((_api, viewer) => viewer.setView(view));
    tellDuration('view', asked);
  }

  #remember(): void {
    let loaded = $state.raw(false);
    void loadSettings().then((settings) => {
      if (settings) this.#restore(settings);
      loaded = true;
    });
    $effect(() => {
      const settings = this.#settings();
      if (!loaded) return undefined;
      const timer = setTimeout(() => void saveSettings(settings), SAVE_DELAY_MS);
      return () => clearTimeout(timer);
    });
  }

  #settings(): Settings {
    const { document, view, likeness, detections } = this.#studio;
    return {
      version: 1,
      parameters: sameValue(document.parameters, document.defaults.parameters) ? null : document.parameters,
      concepts: document.concepts,
      panels: { left: view.leftOpen, right: view.rightOpen, explain: view.explain },
      locale: chosenLocale(),
      navigation: view.navigation,
      look: { theme: preferences.theme, motion: preferences.motion },
      keys: { single: keymap.singleKeys, overrides: keymap.overrides },
      lookWhileTyping: detections.looks.whileTyping,
      likenessLimit: likeness.limit,
    };
  }

  #restore(settings: Settings): void {
    const { parameters, concepts, panels, locale, navigation, likenessLimit, look, keys } = settings;
    const { document, view, likeness, detections } = this.#studio;
    const { present } = document.history;
    const restored = concepts.length > 0 && !document.hasPhrase ? concepts : present.concepts;
    document.begin({ ...present, concepts: restored, parameters: parameters ?? present.parameters });
    view.leftOpen = panels.left;
    view.rightOpen = panels.right;
    view.explain = panels.explain;
    view.navigation = navigation;
    preferences.theme = look.theme;
    preferences.motion = look.motion;
    keymap.singleKeys = keys.single;
    keymap.overrides = keys.overrides;
    likeness.limit = likenessLimit;
    detections.looks.whileTyping = settings.lookWhileTyping;
    chooseLocale(locale);
  }
}
