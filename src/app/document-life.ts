import type { DocumentSession, Claim } from './document-session.svelte.ts';
import type { CommandHost, JobRunner } from './job-runner.ts';
import { leftDocument, type LeftDocument } from './left-document.ts';
import { messages, said, type Saying } from './messages.ts';
import type { Notifier } from './studio.ts';
import type { ViewState } from './view-state.svelte.ts';
import type { OpenedImage } from './worker-client.ts';

/** Pause after which pixels of forgotten steps are freed. */
const FREE_AFTER_MS = 5000;
/** A picture over which the worker dies this often is not tried again. */
const MOST_DEATHS = 2;

/** A document whose history is known, to be opened again. */
type Past = Pick<LeftDocument, 'history' | 'owned'>;

/** What opening and leaving documents needs of the studio. */
export interface LifeHost extends Pick<CommandHost, 'document' | 'client' | 'job' | 'expect'> {
  readonly view: ViewState;
  readonly notifier: Notifier;
  readonly session: DocumentSession;
  readonly runner: JobRunner;
  /** The worker has started, or could not. */
  readonly started: () => Promise<void>;
  /** Whatever else shows the picture, or works on it, lets go of it. */
  readonly forget: () => void;
}

/** How documents follow each other: opened, brought back from the visit before, left, and asked back. */
export class DocumentLife {
  readonly #host: LifeHost;
  /** What the visit before has left, until the worker can open its picture. */
  #claimed: Extract<Claim, { kind: 'found' }> | null = null;
  /** Workers that died over the picture of what is claimed. */
  #deaths = 0;
  /** Pictures the user is opening. */
  #opening = 0;
  /** Pictures that were opened. */
  #opened = 0;
  /** The document that was open before this one, while it can still be asked back. */
  #left: LeftDocument | null = null;
  /** Documents that were asked back, until their pictures are open: nobody else may have them meanwhile. */
  readonly #returning = new Set<Past>();
  #freeing: ReturnType<typeof setTimeout> | undefined;

  constructor(host: LifeHost) {
    this.#host = host;
  }

  /** Whether a document of the visit before waits for the worker. */
  get isWaiting(): boolean {
    return this.#claimed !== null;
  }

  /** The document that was open before this one, and how to come back to it. */
  get wayBack(): { readonly name: string; readonly go: () => void } | null {
    const left = this.#left;
    return left && { name: left.name, go: () => void this.#goBack(left) };
  }

  /** Residuals nothing can bring back any more leave the worker's store, once the hand rests. */
  freePixelsSoon(): void {
    clearTimeout(this.#freeing);
    this.#freeing = setTimeout(() => void this.#freePixels().catch(() => undefined), FREE_AFTER_MS);
  }

  /** Stored documents of other tabs and visits name pixels too. */
  async #freePixels(): Promise<void> {
    const { client, document, session } = this.#host;
    const elsewhere = await session.namedElsewhere();
    const pasts = [this.#claimed, this.#left, ...this.#returning];
    const named = [document.history.whole, ...pasts.map((past) => past?.history)];
    const pixels = named.flatMap((history) => [...(history?.namedPixels() ?? [])]);
    await client.send((api) => api.layers.keepPixels([...pixels, ...elsewhere]));
  }

  /** Goes on where the visit before ended, or says why that cannot be; to be called once, when settings are known. */
  async resume(): Promise<void> {
    const { document, notifier, session } = this.#host;
    const opened = this.#opened;
    const claim = await session.claim();
    if (claim?.kind === 'unreadable') notifier.error(messages.session.unreadable(claim.name, claim.why));
    const found = claim?.kind === 'found' ? claim : null;
    const isLate = this.#opened !== opened;
    if (isLate) found?.owned.release();
    this.#claimed = isLate ? null : found;
    session.restoring = this.#claimed?.owned.saver.saved.name ?? null;
    if (!this.#claimed) return;
    if (document.runtime) return this.takeUp();
    if (!document.startError) document.opening ??= session.restoring;
  }

  /** Opens what was claimed, unless the user opens something else; where the worker dies, the next one does it. */
  async takeUp(): Promise<void> {
    const { document, client } = this.#host;
    const claimed = this.#claimed;
    if (!claimed || this.#opening > 0) return;
    const { file, name } = claimed.owned.saver.saved;
    document.opening = name;
    const opened = await client.call((api) => api.openImage(file, name));
    if (this.#opening === 0) document.opening = null;
    if (this.#claimed !== claimed) return;
    if (opened.ok) return this.#restore(opened.value, file, claimed);
    if (opened.error.code !== 'aborted')
      return this.#refuse(messages.session.pictureLost(name, opened.error.message));
    if (++this.#deaths >= MOST_DEATHS) this.#refuse(messages.session.pictureEndsWorker(name));
  }

  #restore(opened: OpenedImage, file: Blob, past: Extract<Claim, { kind: 'found' }>): void {
    const { document, notifier } = this.#host;
    this.#takeImage(opened, file, '', past);
    if (past.damaged) notifier.error(messages.session.damaged(opened.name));
    const { image } = document;
    const isOpen = () => document.image === image;
    notifier.info(
      messages.session.restored(opened.name),
      document.offerWhile(isOpen, messages.session.startAfresh, () => this.startAfresh()),
    );
  }

  #refuse(why: string): void {
    const { notifier, session } = this.#host;
    if (this.#claimed) session.refuse(this.#claimed.owned);
    this.#claimed = session.restoring = null;
    notifier.error(why);
  }

  /** Closes the picture; there is a way back to it. */
  startAfresh(): void {
    const { client, document, job, session } = this.#host;
    const { id } = job;
    if (job.running) void client.send((api) => api.cancel(id));
    this.#leave('', null);
    session.stayEmpty();
    document.close();
    this.#offerLeft();
  }

  /** Opens a picture. The worker proves it good before it stops a running job, so a bad file changes nothing. */
  open(file: Blob, name: string): Promise<boolean> {
    return this.#open(file, name, null);
  }

  async #open(file: Blob, name: string, past: Past | null): Promise<boolean> {
    const { client, document, expect, job, notifier, started } = this.#host;
    document.opening = name;
    this.#opening++;
    await started();
    if (document.startError) notifier.error(said(document.startError));
    const opened = await client.call((api) => api.openImage(file, name));
    this.#opening--;
    document.opening = null;
    const image = expect(opened);
    const replaced = () => messages.bar.replaced(name);
    if (image) this.#takeImage(image, file, job.running || job.outcome === replaced() ? replaced : '', past);
    else void this.takeUp();
    return image !== null;
  }

  #takeImage(opened: OpenedImage, file: Blob, outcome: Saying, past: Past | null): void {
    const { document, session, view } = this.#host;
    const before = this.#left;
    this.#opened++;
    this.#leave(outcome, past);
    document.takeImage({ ...opened, file, url: URL.createObjectURL(file) });
    if (past) document.resume(past.history);
    if (past?.owned) session.resume(past.owned);
    else session.begin(file, opened.name, document.history.whole);
    document.history.storeIn(session.source);
    view.show(opened.size);
    if (this.#left !== before) this.#offerLeft();
  }

  /**
   * The job of the picture ends here, whether its last answer has come or not; `past` takes its place. Where no picture
   * is open, what was left before can still be asked back.
   */
  #leave(outcome: Saying, past: Past | null): void {
    const { document, forget, runner, session } = this.#host;
    runner.abandon(outcome);
    forget();
    const owned = session.leave();
    document.history.storeIn(null);
    const before = this.#left;
    const left = document.image ? leftDocument(document, owned) : before;
    this.#left = left === past ? null : left;
    if (this.#left?.owned !== owned) owned?.release();
    const kept = [this.#left, past, ...this.#returning];
    for (const gone of [before, this.#claimed]) if (!kept.includes(gone)) gone?.owned?.release();
    this.#claimed = session.restoring = null;
  }

  #offerLeft(): void {
    const { document, notifier } = this.#host;
    const left = this.#left;
    if (!left) return;
    const isLeft = () => this.#left === left;
    notifier.info(
      messages.app.left(left.name),
      document.offerWhile(isLeft, messages.app.goBack, () => void this.#goBack(left)),
    );
  }

  async #goBack(left: LeftDocument): Promise<void> {
    if (this.#returning.has(left)) return;
    this.#returning.add(left);
    const isOpen = await this.#open(left.file, left.name, left);
    this.#returning.delete(left);
    if (!isOpen && left !== this.#left) left.owned?.release();
  }
}
