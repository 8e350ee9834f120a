import { phraseKey } from '#domain/concepts/phrase-key.ts';
import { isHandMade } from '#domain/detection/listing.ts';
import type { DocumentCommand } from '#domain/document/commands.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { Detection } from '#domain/job/request.ts';
import { resizeRle, sameMask, unionAll } from '#domain/mask/rle-algebra.ts';
import type { MaskFile, NamedMask } from '#worker/api-masks.ts';
import { download } from './download.ts';
import { isPictureFile } from './file-kinds.ts';
import type { MaskHost } from './mask-commands.ts';
import { handGrid, ownerFor, regionOf, repaintCommand } from './mask-regions.ts';
import { messages } from './messages.ts';
import type { Offer } from './studio.ts';

/** Masks from and to files and the clipboard. */
export class MaskFiles {
  readonly #host: MaskHost;

  constructor(host: MaskHost) {
    this.#host = host;
  }

  /**
   * Takes a dropped or pasted picture that looks like a mask, after asking, if a detection is selected that it could be
   * for. Answers false for everything else.
   */
  async offer(file: File): Promise<boolean> {
    const { document, client, notifier } = this.#host;
    const { image } = document;
    const size = image?.size;
    if (!document.selectedDetection || !size || !isPictureFile(file)) return false;
    const read = await client.call((api) => api.masks.read(file, file.name));
    if (document.image !== image || !document.selectedDetection) return false;
    if (!read.ok || !read.value.looksLikeMask || !fits(read.value, size)) return false;
    const { looksLikeMask, asMask, asPicture } = messages.tools.files;
    const open = () => void this.#open(file);
    notifier.info(
      looksLikeMask(file.name, document.numberOf(document.selectedDetection.id)),
      this.#offerHere(asMask, () => this.#check(read.value, file.name)),
      { label: asPicture, run: open },
    );
    return true;
  }

  /** Reads a file of masks. One mask goes to the selected detection, others become detections of their own. */
  async import(file: File): Promise<void> {
    const { document, client, expect, notifier } = this.#host;
    const { image } = document;
    if (!image) return notifier.info(messages.tools.files.needsPicture);
    const read = expect(await client.call((api) => api.masks.read(file, file.name)));
    if (read && document.image === image) this.#check(read, file.name);
  }

  /** Masks of another size are scaled if the user wants that; of another shape they belong to another picture. */
  #check(file: MaskFile, name: string): void {
    const { document, notifier } = this.#host;
    const size = document.image?.size;
    const { otherAspect, otherSize, scale } = messages.tools.files;
    if (!size) return;
    const odd = file.masks.find(({ mask }) => !sameAspect(mask, size))?.mask;
    if (odd) return notifier.error(otherAspect(name, words(odd), words(size)));
    const other = file.masks.find(({ mask }) => mask.width !== size.width || mask.height !== size.height);
    if (!other) return this.#take(file.masks);
    notifier.info(
      otherSize(name, words(other.mask), words(size)),
      this.#offerHere(scale, () => this.#take(file.masks)),
    );
  }

  /** Does something with the open picture, and nothing with another one. */
  #offerHere(label: string, act: () => void): Offer {
    const { document } = this.#host;
    const { image } = document;
    return document.offerWhile(() => document.image === image, label, act);
  }

  #take(masks: readonly NamedMask[]): void {
    const { document, notifier } = this.#host;
    const { image, selectedDetection } = document;
    if (!image) return;
    const grid = handGrid(image.size);
    const sized = masks.map((one) => ({ ...one, mask: resizeRle(one.mask, grid.width, grid.height) }));
    const [first, ...others] = sized;
    if (first && selectedDetection && others.length === 0) {
      const command = repaintCommand(document, selectedDetection.id, first.mask);
      if (command) document.dispatch(command, { name: 'import-masks', subject: '1' });
      return;
    }
    const fresh = sized.filter((one) => !this.#isListed(one, grid));
    const known = sized.length - fresh.length;
    const subject = String(fresh.length);
    if (fresh.length > 0) document.dispatch(this.#regions(fresh), { name: 'import-masks', subject });
    if (known > 0) notifier.info(messages.own.alreadyListed(known));
  }

  /** Whether a concept of this name has this very mask: one's own export comes back. */
  #isListed({ name, mask }: NamedMask, { width, height }: Size<'image'>): boolean {
    const { document } = this.#host;
    const key = phraseKey(name);
    return document.detections.some(
      (detection) =>
        (key === '' || phraseKey(document.conceptOf(detection)?.phrase ?? '') === key) &&
        sameMask(resizeRle(detection.mask, width, height), mask),
    );
  }

  #regions(masks: readonly NamedMask[]): readonly DocumentCommand[] {
    const { document } = this.#host;
    const owners = new Map<string, string>();
    const commands: DocumentCommand[] = [];
    const candidates = masks.map(({ name, mask, score }): Candidate => {
      const key = phraseKey(name);
      const known = owners.get(key);
      const owner = known === undefined ? ownerFor(document, name, [...owners.values()]) : null;
      if (owner) commands.push(...owner.commands);
      const conceptId = known ?? (owner?.conceptId as string);
      owners.set(key, conceptId);
      return regionOf({ id: crypto.randomUUID(), conceptId, origin: 'file', mask, score: score ?? 1 });
    });
    return [...commands, { type: 'add-candidates', candidates }];
  }

  #isScored(id: string): boolean {
    const candidate = this.#host.document.candidates.find((one) => one.id === id);
    return candidate !== undefined && !isHandMade(candidate);
  }

  async #open(file: File): Promise<void> {
    await this.#host.open(file, file.name);
  }

  /** Saves the selected mask as a PNG of the picture's size. */
  async exportMask(): Promise<void> {
    const { document } = this.#host;
    const { selectedDetection } = document;
    if (selectedDetection)
      await this.#savePng([selectedDetection.id], document.numberOf(selectedDetection.id));
  }

  /** Saves all ticked masks: as one PNG, or apart with their concepts' names as a COCO data set. */
  async exportAll(format: 'png' | 'coco'): Promise<void> {
    const { document, notifier } = this.#host;
    const ticked = document.detections.filter(({ enabled }) => enabled);
    const { length: all } = document.detections;
    const { nothingTicked, nothingFound, saveEach } = messages.tools.files;
    if (ticked.length > 0) return this.#save(format, ticked);
    if (all === 0) return notifier.info(nothingFound);
    notifier.info(
      nothingTicked,
      this.#offerHere(saveEach(all), () => void this.#save(format, document.detections)),
    );
  }

  async #save(format: 'png' | 'coco', detections: readonly Detection[]): Promise<void> {
    const { document, client, expect } = this.#host;
    const { image } = document;
    if (!image) return;
    if (format === 'png') return this.#savePng(detections.map(({ id }) => id));
    const masks = detections.map((detection) => ({
      name: document.conceptOf(detection)?.phrase.trim() ?? '',
      mask: detection.mask,
      ...(this.#isScored(detection.id) ? { score: detection.score } : {}),
    }));
    const blob = expect(await client.call((api) => api.masks.coco(masks, image.size)));
    if (blob) this.#saveFile(blob, `${stem(image.name)}-masks.json`);
  }

  async #savePng(ids: readonly string[], number?: number): Promise<void> {
    const { image } = this.#host.document;
    const blob = await this.#png(ids);
    const suffix = number === undefined ? 'masks' : `mask-${number}`;
    if (blob && image) this.#saveFile(blob, `${stem(image.name)}-${suffix}.png`);
  }

  async #png(ids: readonly string[]): Promise<Blob | null> {
    const { document, client, expect } = this.#host;
    const { image } = document;
    if (!image) return null;
    const { width, height } = image.size;
    const masks = document.detections
      .filter(({ id }) => ids.includes(id))
      .map(({ mask }) => resizeRle(mask, width, height));
    return expect(await client.call((api) => api.masks.png(unionAll(masks, image.size), image.size)));
  }

  /** Puts the selected mask into the clipboard, as a picture other programs take. */
  async copy(): Promise<void> {
    const { document, notifier } = this.#host;
    const { selectedDetection } = document;
    if (!selectedDetection) return notifier.info(messages.tools.needsDetection);
    const png = this.#png([selectedDetection.id]).then(
      (blob) => blob ?? Promise.reject(new Error('no mask')),
    );
    const copied = await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]).then(
      () => true,
      () => false,
    );
    if (copied) notifier.info(messages.tools.files.copied(document.numberOf(selectedDetection.id)));
    else notifier.error(messages.tools.files.notCopied);
  }

  /** Saves the selected detection by itself, along its soft edge. @param background "#rrggbb"; null: transparent. */
  async cutOut(background: string | null): Promise<void> {
    const { document, client, expect, notifier } = this.#host;
    const { request, layers, selectedDetection } = document;
    if (!selectedDetection) return notifier.info(messages.tools.needsDetection);
    const wish = { request, layers, detectionId: selectedDetection.id, background };
    const cut = expect(await client.call((api) => api.masks.cutOut(wish)));
    if (cut) this.#saveFile(cut.blob, cut.fileName);
  }

  #saveFile(blob: Blob, fileName: string): void {
    download(blob, fileName);
    this.#host.notifier.info(messages.tools.files.saved(fileName));
  }
}

function fits({ masks }: MaskFile, size: Size<'image'>): boolean {
  return masks.every(({ mask }) => sameAspect(mask, size));
}

/** Whether one is the other scaled, up to the rounding of the smaller one's sides to whole pixels. */
export function sameAspect(a: Size<'image'>, b: Size<'image'>): boolean {
  const apart = Math.abs(a.width * b.height - a.height * b.width);
  return apart <= Math.max(a.width, a.height, b.width, b.height);
}

const words = ({ width, height }: Size<'image'>): string => messages.app.pictureSize(width, height);
const stem = (name: string): string => name.replace(/\.[^.]*$/, '');
