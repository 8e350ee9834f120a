import { applyCommand, type DocumentCommand } from '#domain/document/commands.ts';
import type { DocumentState } from '#domain/document/state.ts';
import { applyFound, applyRecipeSettings } from '#domain/settings/apply.ts';
import { settingsDifference } from '#domain/settings/difference.ts';
import type { CarriedSettings } from '#domain/settings/found-settings.ts';
import { settingsInText } from '#domain/settings/read.ts';
import type { ConceptPresets } from './concept-presets.svelte.ts';
import { MAX_SETTINGS_CHARS, settingsKind } from './concept-settings-text.ts';
import { recipeDocument } from './documents.ts';
import { isJsonName } from './file-kinds.ts';
import { nextConceptId } from './hues.ts';
import type { CommandHost } from './job-runner.ts';
import type { MaskFiles } from './mask-files.ts';
import { messages } from './messages.ts';
import { offerNotes } from './settings-words.ts';
import type { Notifier } from './studio.ts';
import type { ViewState } from './view-state.svelte.ts';

/** Settings that came with a picture or a text, waiting for the user's choice. */
export interface SettingsOffer {
  /** The file's name; null for a pasted text. */
  readonly name: string | null;
  readonly carried: CarriedSettings;
  /** The picture they came with, while it is not opened. */
  readonly waiting: File | null;
  /** Whether the picture they came with is the open one. */
  readonly opened: boolean;
}

export type OfferChoice = 'picture' | 'settings' | 'both';

/** What offers need of the studio. */
export interface OfferHost extends Pick<CommandHost, 'document' | 'client'> {
  readonly view: ViewState;
  readonly notifier: Notifier;
  readonly presets: ConceptPresets;
  readonly masks: MaskFiles;
  /** Opens a picture. */
  readonly open: (file: Blob, name: string) => Promise<boolean>;
}

/** What a text of masks holds, in any of COCO's shapes. */
const MASK_WORD = /"(?:segmentation|annotations|counts)"/;
/** What a text with settings holds, even one that is broken. */
const SETTINGS_WORD =
  /\b(?:Steps|Sampler|CFG scale|Seed):|"(?:class_type|widgets_values|positive_prompt)"|"Luna Studio"/i;

/**
 * Settings of pictures and texts, ours and other tools': found before anything is opened, put beside the present ones,
 * and taken only when the user says so, as one step of the history.
 */
export class SettingsOffers {
  current = $state.raw<SettingsOffer | null>(null);
  readonly #host: OfferHost;

  constructor(host: OfferHost) {
    this.#host = host;
  }

  /** What taking the offered settings would change. */
  readonly changes = $derived.by(() => {
    const { current: offer } = this;
    if (!offer) return [];
    const { present } = this.#host.document.history;
    return settingsDifference(present, this.#commands(offer, offer.opened).reduce(applyCommand, present));
  });

  /** What the offered settings do not bring, in words. */
  readonly notes = $derived.by(() =>
    this.current ? offerNotes(this.current, this.#host.document.runtime?.models ?? []) : [],
  );

  /** Text with the settings of detailers, which become concepts; null: there are none, or no picture to measure in. */
  readonly detailers = $derived.by(() => {
    const text = this.current?.carried.text ?? null;
    const kind = text === null ? null : settingsKind(text);
    return this.#host.document.image && (kind === 'adetailer' || kind === 'impact') ? text : null;
  });

  /** Opens a picture. One with settings asks first when another is open, for the settings alone may be wanted. */
  async takePicture(file: File): Promise<void> {
    const { document, client, open } = this.#host;
    if (!document.image) {
      if (await open(file, file.name)) this.offerOpened();
      return;
    }
    const read = await client.call((api) => api.settingsIn(file));
    if (read.ok && read.value)
      this.#offer({ name: file.name, carried: read.value, waiting: file, opened: false });
    else await open(file, file.name);
  }

  /** Offers what the open picture carries. */
  offerOpened(): void {
    const { image } = this.#host.document;
    if (image?.carried)
      this.#offer({ name: image.name, carried: image.carried, waiting: null, opened: true });
  }

  /** Takes a JSON or text file: settings are offered, concepts and masks taken, anything else is named. */
  async takeTextFile(file: File): Promise<void> {
    const { masks, notifier } = this.#host;
    const json = isJsonName(file.name);
    if (file.size > MAX_SETTINGS_CHARS && json) return void (await masks.import(file));
    const text = file.size > MAX_SETTINGS_CHARS ? '' : await file.text();
    if (this.#takeText(text, file.name)) return;
    if (json && MASK_WORD.test(text)) await masks.import(file);
    else notifier.error(messages.recipe.unknownFile(file.name));
  }

  /** Takes pasted text; one that has nothing to do with settings stays where it was. */
  takePasted(text: string): void {
    const { notifier } = this.#host;
    if (text.trim() === '') return notifier.info(messages.errors.noPictureInClipboard);
    if (this.#takeText(text, null)) return;
    if (SETTINGS_WORD.test(text.slice(0, MAX_SETTINGS_CHARS))) notifier.info(messages.recipe.unknownText);
  }

  #takeText(text: string, name: string | null): boolean {
    const carried = text.length > MAX_SETTINGS_CHARS ? null : settingsInText(text);
    if (!carried) return this.#host.presets.takeText(text);
    this.#offer({ name, carried, waiting: null, opened: false });
    return true;
  }

  /** It lies over the picture, which a narrow page shows by itself. */
  #offer(offer: SettingsOffer): void {
    this.#host.view.sheet = 'picture';
    this.current = offer;
  }

  dismiss(): void {
    this.current = null;
  }

  /** Does what the user chose; the settings are one step of the history. */
  async choose(choice: OfferChoice): Promise<void> {
    const { current: offer } = this;
    const { document, notifier, open } = this.#host;
    if (!offer) return;
    this.dismiss();
    const { waiting, carried, name } = offer;
    if (choice !== 'settings' && waiting && !(await open(waiting, waiting.name))) return;
    if (choice === 'picture') return;
    const undo = document.checkpoint();
    document.dispatch(this.#commands(offer, choice === 'both'), {
      name: carried.recipe ? 'recipe' : 'import-concepts',
      subject: name ?? '',
    });
    notifier.info(messages.recipe.applied, undo);
  }

  /** Adds the concepts of the offered detailer settings; the offer stays. */
  takeDetailers(): void {
    if (this.detailers !== null) this.#host.presets.takeText(this.detailers);
  }

  /** @param own the picture of the settings is the document's: its masks belong to it too. */
  #commands({ carried }: SettingsOffer, own: boolean): readonly DocumentCommand[] {
    const { present }: { present: DocumentState } = this.#host.document.history;
    const { recipe, found } = carried;
    if (recipe && own) return [{ type: 'replace-document', state: recipeDocument(recipe.request) }];
    if (recipe) return applyRecipeSettings(present, recipe.request, nextConceptId);
    return found ? [applyFound(present, found)] : [];
  }
}
