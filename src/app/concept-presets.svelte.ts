import { get, set } from 'idb-keyval';
import { adoptConcepts, samePhrases } from '#domain/concepts/adopt.ts';
import { importAdetailer } from '#domain/concepts/import-adetailer.ts';
import { importImpact } from '#domain/concepts/import-impact.ts';
import type { ImportedConcepts } from '#domain/concepts/imported.ts';
import { exportPreset, readPreset, type ConceptPreset } from '#domain/concepts/preset-file.ts';
import { PRESETS, type PresetId } from '#domain/concepts/presets.ts';
import type { DocumentCommand } from '#domain/document/commands.ts';
import type { StepName } from '#domain/document/history.ts';
import { planCanvas } from '#domain/geometry/canvas-size.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import type { ConceptAnswers } from './concept-answers.ts';
import type { ConceptLooks } from './concept-looks.svelte.ts';
import { isSettingsName, MAX_SETTINGS_CHARS, settingsKind } from './concept-settings-text.ts';
import { clamp } from './camera.ts';
import type { OperationsHost } from './detection-operations.ts';
import { download } from './download.ts';
import { nextConceptId } from './hues.ts';
import { messages, said } from './messages.ts';
import { isAskable } from './requests.ts';

const KEY = 'luna-concept-presets';
/** Of a document (see conceptSchema's list). */
const MAX_CONCEPTS = 100;

/** Sets of concepts: the studio's, the user's own, and what other tools' settings come to. */
export class ConceptPresets {
  /** The user's own, by name. */
  own = $state.raw<readonly ConceptPreset[]>([]);
  readonly #host: OperationsHost;
  readonly #looks: ConceptLooks;
  readonly #answers: ConceptAnswers;
  #loaded: Promise<void> | null = null;

  constructor(host: OperationsHost, looks: ConceptLooks, answers: ConceptAnswers) {
    this.#host = host;
    this.#looks = looks;
    this.#answers = answers;
  }

  /** Reads the user's own presets, once. A record that cannot be read is left out. */
  load(): Promise<void> {
    this.#loaded ??= get<unknown>(KEY)
      .catch(() => undefined)
      .then((stored) => {
        const texts = Array.isArray(stored) ? stored.filter((text) => typeof text === 'string') : [];
        this.own = texts.flatMap((text: string) => readable(text));
      });
    return this.#loaded;
  }

  addBuiltIn(id: PresetId): void {
    this.add({ name: messages.conceptPresets.sets[id], concepts: PRESETS[id] });
  }

  /** Adds a set's concepts to the document as one step, and looks for them. */
  add({ name, concepts }: ConceptPreset): void {
    const put = this.#put(concepts, 'preset', name);
    if (put) this.#host.notifier.info(putWords(put, (count) => messages.conceptPresets.added(name, count)));
  }

  /** Keeps the document's concepts under a name; one of that name is replaced. */
  async save(name: string): Promise<void> {
    const { document, notifier } = this.#host;
    const concepts = document.concepts.filter(({ phrase }) => phrase.trim() !== '').map(portable);
    if (concepts.length === 0) return notifier.info(messages.conceptPresets.nothingToSave);
    const preset = { name: name.trim(), concepts };
    await this.load();
    await this.#keep([...this.own.filter((one) => one.name !== preset.name), preset]);
    notifier.info(messages.conceptPresets.saved(preset.name));
  }

  async remove(preset: ConceptPreset): Promise<void> {
    const before = this.own;
    await this.#keep(before.filter((one) => one !== preset));
    this.#host.notifier.info(messages.conceptPresets.removed(preset.name), {
      label: messages.app.undo,
      run: () => void this.#keep(before),
    });
  }

  /** Saves a preset as a file. */
  export(preset: ConceptPreset): void {
    const name = preset.name.replace(/[^\p{L}\p{N} _-]+/gu, '').trim() || 'concepts';
    download(new Blob([exportPreset(preset)], { type: 'application/json' }), `${name}.json`);
  }

  /** Takes a dropped file if it holds a preset or another tool's settings; false: it is something else. */
  async offer(file: File): Promise<boolean> {
    if (!isSettingsName(file.name) || file.size > MAX_SETTINGS_CHARS) return false;
    return this.takeText(await file.text());
  }

  /** Takes a preset or another tool's settings; false: the text is something else, and nothing was said. */
  takeText(text: string): boolean {
    const kind = settingsKind(text);
    if (kind === null) return false;
    try {
      if (kind === 'preset') this.add(readPreset(text));
      else this.#import(kind, text);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#host.notifier.error(said(error.sentence));
    }
    return true;
  }

  #import(kind: 'adetailer' | 'impact', text: string): void {
    const { document, notifier } = this.#host;
    const size = document.image?.size;
    if (!size) return notifier.info(messages.conceptPresets.needsPicture);
    const imported =
      kind === 'impact' ? importImpact(text, size) : importAdetailer(text, document.parameters.global);
    // What is found by itself for the new concepts goes with them.
    const undo = document.checkpoint(['detect']);
    const put = this.#put(imported.concepts, 'import-concepts', '', this.#settingsOf(imported));
    if (!put) return;
    put.concepts.forEach(({ id }, index) => {
      const sequence = imported.sequences[index];
      if (sequence) this.#answers.awaitDetections(id, sequence);
    });
    const notices = imported.notices.map((notice) => said(notice));
    notifier.info([putWords(put, messages.conceptPresets.imported), ...notices].join(' '), undo);
  }

  /** Settings of the document the source has an opinion on; its feather is in pixels of the picture. */
  #settingsOf({ detail, sampling }: ImportedConcepts): DocumentCommand {
    const { parameters, image } = this.#host.document;
    const canvas = image && planCanvas(image.size, parameters.output.canvasLongSidePx);
    const scale = canvas && image ? canvas.width / image.size.width : 1;
    const { featherPx, ...rest } = detail;
    const feather =
      featherPx === undefined ? {} : { featherPx: clamp(Math.round(featherPx * scale), 0, 512) };
    return {
      type: 'set-parameters',
      patch: {
        detail: { ...parameters.detail, ...rest, ...feather },
        sampling: { ...parameters.sampling, ...sampling },
      },
    };
  }

  /**
   * Puts concepts into the document; slots nobody has used yet make room. One that looks for what another of the
   * document looks for gives that one its settings: two would find everything twice. Null when there is no room.
   */
  #put(
    concepts: readonly ConceptSpec[],
    name: StepName,
    subject: string,
    ...more: readonly DocumentCommand[]
  ): Put | null {
    const { document, notifier } = this.#host;
    const unused = document.concepts.filter(
      (concept) =>
        !isAskable(concept) && !document.candidates.some(({ conceptId }) => conceptId === concept.id),
    );
    const used = document.concepts.filter((concept) => !unused.includes(concept));
    const taken = used.map(({ id }) => id);
    const joined = samePhrases(concepts, used);
    if (taken.length + concepts.length - joined.size > MAX_CONCEPTS) {
      notifier.info(messages.conceptPresets.room);
      return null;
    }
    const adopted = adoptConcepts(concepts, taken, nextConceptId, joined);
    const isKnown = ({ id }: ConceptSpec) => taken.includes(id);
    document.dispatch(
      [
        ...unused.map(({ id }) => ({ type: 'remove-concept', id }) as const),
        ...adopted.map((concept): DocumentCommand =>
          isKnown(concept) ? settingsCommand(concept) : { type: 'add-concept', concept },
        ),
        ...more,
      ],
      { name, subject },
    );
    if (this.#looks.whileTyping) for (const { id } of adopted) this.#looks.now(id);
    return { concepts: adopted, joined: joined.size };
  }

  async #keep(presets: readonly ConceptPreset[]): Promise<void> {
    this.own = presets.toSorted((a, b) => a.name.localeCompare(b.name));
    await set(KEY, this.own.map(exportPreset)).catch(() => undefined);
  }
}

/** What came of concepts that were put into the document. */
interface Put {
  /** As they are in the document. */
  readonly concepts: readonly ConceptSpec[];
  /** How many of them the document had already. */
  readonly joined: number;
}

/** How many are new, which `added` says, and how many were known. */
function putWords({ concepts, joined }: Put, added: (count: number) => string): string {
  const fresh = concepts.length - joined;
  const parts = [
    ...(fresh > 0 || joined === 0 ? [added(fresh)] : []),
    ...(joined > 0 ? [messages.conceptPresets.joined(joined)] : []),
  ];
  return parts.join(' ');
}

/** What a concept is like becomes what another is like; its words and what is like it on this picture stay. */
function settingsCommand({ id, phrase: _, examples: __, ...patch }: ConceptSpec): DocumentCommand {
  return { type: 'update-concept', id, patch };
}

/** What a concept means on any picture: its examples are boxes of this one. */
function portable(concept: ConceptSpec): ConceptSpec {
  return { ...concept, examples: undefined, answeredPhrase: undefined };
}

function readable(text: string): ConceptPreset[] {
  try {
    return [readPreset(text)];
  } catch {
    return [];
  }
}
