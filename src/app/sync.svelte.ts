import { untrack } from 'svelte';
import type { Layer } from '#domain/document/layer.ts';
import { sameValue } from '#domain/document/same-value.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { Latest } from './latest.ts';
import { layerName } from './layer-commands.ts';
import { whenLeaving } from './leaving.ts';
import { chooseLocale, chosenLocale, currentLocale, formatBytes, messages, type Saying } from './messages.ts';
import { keymap } from './keymap.svelte.ts';
import { OverlayMemory } from './overlay-update.ts';
import { forPlan } from './plan-request.ts';
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
/** Layers whose pixels are in memory alone are spoken of from here on: as much as memory holds of stored ones. */
const MUCH_IN_MEMORY_BYTES = 512 * 2 ** 20;

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
      const colour = window.document.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
      if (colour) colour.content = preferences.frame;
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
    const asked = forPlan(request, painting.targetOf());
    const result = await client.call((api) => api.plan(...asked));
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
    if (shown.ok) this.#takeNote(shown.value.inMemoryOnlyBytes);
    const names = layers.filter(({ id }) => missing.includes(id)).map(layerName);
    if (names.length > 0) notifier.error(messages.layers.missing(names));
  }

  /** Says once that much would be lost. */
  #takeNote(inMemoryOnlyBytes: number): void {
    const { session, notifier } = this.#studio;
    const isMuch = (bytes: number) => bytes >= MUCH_IN_MEMORY_BYTES;
    if (isMuch(inMemoryOnlyBytes) && !isMuch(session.pixelsInMemoryBytes))
      notifier.error(messages.session.pixelsInMemory(formatBytes(inMemoryOnlyBytes)));
    session.pixelsInMemoryBytes = inMemoryOnlyBytes;
  }

  async #sendView(view: WorkerView): Promise<void> {
    const asked = performance.now();
    await this.#studio.client.send((_api, viewer) => viewer.setView(view));
    tellDuration('view', asked);
  }

  /** Settings first: what the visit before left open has its own, and counts. */
  #remember(): void {
    let loaded = $state.raw(false);
    let unsaved: Settings | null = null;
    const save = () => {
      if (unsaved) void saveSettings(unsaved);
      unsaved = null;
    };
    void loadSettings().then(async (settings) => {
      if (settings) this.#restore(settings);
      loaded = true;
      await this.#studio.resume();
    });
    $effect(() => {
      const settings = this.#settings();
      if (!loaded) return undefined;
      unsaved = settings;
      const timer = setTimeout(save, SAVE_DELAY_MS);
      return () => clearTimeout(timer);
    });
    $effect(() =>
      whenLeaving(() => {
        save();
        this.#studio.session.flush();
      }),
    );
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
    const { view, likeness, detections } = this.#studio;
    this.#restoreDocument(concepts, parameters);
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

  /** What the user has done before settings were there stays done. */
  #restoreDocument(concepts: Settings['concepts'], parameters: Settings['parameters']): void {
    const { document } = this.#studio;
    const { present, steps } = document.history;
    const restored = concepts.length > 0 && !document.hasPhrase ? concepts : present.concepts;
    if (steps.length === 0)
      document.begin({ ...present, concepts: restored, parameters: parameters ?? present.parameters });
    else if (parameters && sameValue(present.parameters, document.defaults.parameters))
      document.patchParameters(parameters);
  }
}
