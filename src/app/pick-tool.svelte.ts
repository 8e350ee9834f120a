import type { DocumentCommand } from '#domain/document/commands.ts';
import type { DocumentHistory, HistoryStep } from '#domain/document/history.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
import type { OverlayItem } from '#worker/api.ts';
import type { Extent, Point } from './camera.ts';
import { hueOf, patternOf } from './hues.ts';
import { Latest } from './latest.ts';
import type { MaskHost } from './mask-commands.ts';
import { combineMasks, ownerOf, regionOf, repaintCommand } from './mask-regions.ts';
import { messages } from './messages.ts';
import type { PickMode } from './tools.svelte.ts';
import type { Combine } from './tools.ts';
import type { PickPrompt, PickResult } from './worker-client.ts';

interface Answer {
  readonly mask: MaskRle;
  readonly score: number;
}

/** One object that is being clicked together, or corrected by clicks. */
export interface PickSession {
  readonly detectionId: string;
  /** Everything asked for it so far. */
  readonly prompt: PickPrompt;
  /** Readings of the last click, the likeliest first, and the one that is taken. */
  readonly answers: readonly Answer[];
  readonly index: number;
  /** The clicks made the detection; they replace its mask as found, while corrections are edits. */
  readonly made: boolean;
  /** A mask that was there before the last click or box, and how answers are combined with it: nothing of it is lost unasked. */
  readonly onto: { readonly mask: MaskRle; readonly combine: Combine } | null;
  /** The step that was the last one after the last click: whatever else was done or undone since begins a new session. */
  readonly step: HistoryStep['id'] | null;
  /** The history that step is of. */
  readonly whole: DocumentHistory;
}

const PREVIEW_ID = 'pick-preview';

/** Objects found by clicks and boxes (SAM 3's interactive predictor), with a preview under the pointer. */
export class PickTool {
  /** Whether the loaded segmenter can; null while nobody knows. */
  available = $state.raw<boolean | null>(null);
  /** What a click here would take. */
  preview = $state.raw<MaskRle | null>(null);
  session = $state.raw<PickSession | null>(null);
  /** A click is being worked on. */
  busy = $state.raw(false);
  readonly #host: MaskHost;
  readonly #hovers = new Latest<Point>((point) => this.#hover(point));
  #over = false;
  #asked = 0;

  constructor(host: MaskHost) {
    this.#host = host;
  }

  /** What a click does: with nothing selected it can only make a new object. */
  get mode(): PickMode {
    const { document, view } = this.#host;
    return document.selectedDetection ? view.tools.correction : 'new';
  }

  setMode(mode: PickMode): void {
    if (mode === 'new') this.beginNew();
    else this.#host.view.tools.correction = mode;
  }

  /** The object that is being clicked together; null when the selected detection has not been clicked on. */
  get current(): PickSession | null {
    const { session } = this;
    return session?.detectionId === this.#host.document.selectedDetection?.id ? session : null;
  }

  /** The next click makes another object, of the same concept. */
  beginNew(): void {
    const { document } = this.#host;
    const { selectedDetection } = document;
    this.leave();
    if (selectedDetection) document.select({ kind: 'concept', id: selectedDetection.conceptId });
  }

  /** What the preview adds to the drawing over the picture. */
  get overlay(): readonly OverlayItem[] {
    const { preview } = this;
    if (!preview) return [];
    const { conceptId } = ownerOf(this.#host.document);
    const look = { hue: hueOf(conceptId), pattern: patternOf(conceptId), enabled: true, selected: false };
    return [{ id: PREVIEW_ID, mask: preview, ...look }];
  }

  /** Asks whether the models in use can do this. */
  async check(): Promise<boolean> {
    const asked = await this.#host.client.call(async (api) => ({
      ok: true as const,
      value: await api.concepts.canPick(),
    }));
    this.available = asked.ok && asked.value;
    return this.available;
  }

  /** The pointer is at a point of the picture, in its pixels. */
  hover(at: Point): void {
    const { document, job } = this.#host;
    const size = document.image?.size ?? { width: 0, height: 0 };
    this.#over = isInside(at, size);
    if (!this.#over || !this.available || job.running || this.busy) this.preview = null;
    else this.#hovers.push({ x: at.x / size.width, y: at.y / size.height });
  }

  /** The pointer is elsewhere. */
  away(): void {
    this.#over = false;
    this.preview = null;
  }

  async #hover({ x, y }: Point): Promise<void> {
    const { client, document } = this.#host;
    const { image } = document;
    const answer = await client.call((api) => api.concepts.hover(x, y));
    const counts = this.#over && !this.busy && document.image === image;
    // A newer wish has overtaken this one; what shows stays until it is answered.
    if (counts && answer.ok && answer.value) this.preview = answer.value;
  }

  /** A click at a point of the picture, in its pixels: a new object, or a point for or against the selected one. */
  async click(at: Point, mode: PickMode): Promise<void> {
    const { document, notifier } = this.#host;
    const size = document.image?.size;
    if (!size || !isInside(at, size)) return;
    const point = { x: at.x / size.width, y: at.y / size.height, positive: mode !== 'subtract' };
    const session = mode === 'new' ? null : this.#sessionOfSelected();
    if (!session && mode === 'subtract') return notifier.info(messages.tools.pick.needsObject);
    if (!session) return this.#ask({ points: [point], box: null, mask: null }, null);
    const prompt = { ...session.prompt, points: [...session.prompt.points, point] };
    return this.#ask(prompt, session.made ? session : { ...session, onto: this.#corrected(mode) });
  }

  /** What is in a box, fractions of the picture: a new object, or something more or less of the selected one. */
  async box(box: Rect<'unit'>, mode: PickMode): Promise<void> {
    const { document, notifier } = this.#host;
    const { selectedDetection } = document;
    const prompt = { points: [], box, mask: null };
    if (mode === 'subtract' && !selectedDetection) return notifier.info(messages.tools.pick.needsObject);
    if (mode === 'new' || !selectedDetection) return this.#ask(prompt, null);
    const { id, mask } = selectedDetection;
    return this.#ask(prompt, { ...this.#freshSession(id, mask), onto: { mask, combine: mode } });
  }

  /** How a click corrects a mask it has not made: what is added keeps the rest, what is taken away adds nothing. */
  #corrected(mode: PickMode): PickSession['onto'] {
    const { selectedDetection } = this.#host.document;
    if (!selectedDetection) return null;
    return { mask: selectedDetection.mask, combine: mode === 'subtract' ? 'intersect' : 'add' };
  }

  /** The clicks so far on the selected detection; the first correction of another starts from its mask. */
  #sessionOfSelected(): PickSession | null {
    const { selectedDetection } = this.#host.document;
    if (!selectedDetection) return null;
    const { current } = this;
    if (current && !current.onto && this.#isLast(current)) return current;
    return this.#freshSession(selectedDetection.id, selectedDetection.mask);
  }

  #freshSession(detectionId: string, mask: MaskRle): PickSession {
    const prompt = { points: [], box: null, mask };
    return { detectionId, prompt, answers: [], index: 0, made: false, onto: null, ...this.#last() };
  }

  /** Where the history stands. */
  #last(): Pick<PickSession, 'step' | 'whole'> {
    const { whole, steps, cursor } = this.#host.document.history;
    return { whole, step: steps[cursor - 1]?.id ?? null };
  }

  #isLast({ step, whole }: PickSession): boolean {
    const last = this.#last();
    return last.step === step && last.whole === whole;
  }

  async #ask(prompt: PickPrompt, session: PickSession | null): Promise<void> {
    const { client, document, expect, notifier } = this.#host;
    if (!(this.available ?? (await this.check()))) return notifier.info(messages.tools.pick.unavailable);
    const [asked, { image }] = [++this.#asked, document];
    this.busy = true;
    this.away();
    const found = expect(await client.call((api) => api.concepts.pick(prompt)));
    if (asked !== this.#asked) return;
    this.busy = false;
    if (!found || document.image !== image) return;
    if (isEmptyMask(found.mask)) notifier.info(messages.tools.pick.nothing);
    else this.#take(found, prompt, session);
  }

  #take({ mask, score, alternatives }: PickResult, prompt: PickPrompt, session: PickSession | null): void {
    const found = [{ mask, score }, ...alternatives];
    if (!session) return this.#add(prompt, found);
    const { onto } = session;
    const whole = (answer: Answer): Answer =>
      onto ? { ...answer, mask: combineMasks(onto.mask, answer.mask, onto.combine) } : answer;
    this.session = { ...session, prompt, answers: found.map(whole), index: 0 };
    this.#apply();
  }

  #add(prompt: PickPrompt, answers: readonly Answer[]): void {
    const { document } = this.#host;
    const [best] = answers;
    if (!best) return;
    const id = crypto.randomUUID();
    const { conceptId, commands } = ownerOf(document);
    const candidates = [regionOf({ id, conceptId, origin: 'click', ...best })];
    document.dispatch([...commands, { type: 'add-candidates', candidates }], {
      name: 'pick',
      joinKey: `pick ${this.#asked}`,
    });
    document.select({ kind: 'detection', id });
    this.session = { detectionId: id, prompt, answers, index: 0, made: true, onto: null, ...this.#last() };
  }

  /** Takes another reading of the last click. */
  cycle(direction: 1 | -1): void {
    const { session } = this;
    const count = session?.answers.length ?? 0;
    if (!session || count < 2 || !this.#isLast(session)) return;
    this.session = { ...session, index: (session.index + direction + count) % count };
    this.#apply();
  }

  /** Gives the detection the reading that is chosen. */
  #apply(): void {
    const { session } = this;
    const answer = session?.answers[session.index];
    if (!session || !answer) return;
    const { document } = this.#host;
    const { detectionId: id, made } = session;
    const replaced: DocumentCommand = {
      type: 'update-candidates',
      ids: [id],
      patch: { mask: answer.mask, score: answer.score },
    };
    const command = made ? replaced : repaintCommand(document, id, answer.mask);
    if (!command) return this.leave();
    const subject = String(document.numberOf(id));
    document.dispatch(command, { name: 'pick', subject, joinKey: `pick ${this.#asked}` });
    this.session = { ...session, ...this.#last() };
  }

  /** The next click begins anew. */
  leave(): void {
    this.session = null;
  }
}

function isInside({ x, y }: Point, { width, height }: Extent): boolean {
  return x >= 0 && y >= 0 && x < width && y < height;
}
