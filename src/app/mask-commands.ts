import {
  invertCandidate,
  growCandidate,
  combineCandidates,
  visibleOnes,
} from '#domain/detection/operations.ts';
import type { BooleanOperation, Visible } from '#domain/detection/operations.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { StepName } from '#domain/document/history.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import type { BrushPoint } from '#domain/mask/brush.ts';
import { matchGrid, rleCovers, sameMask } from '#domain/mask/rle-algebra.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
import { hueOf, patternOf } from './hues.ts';
import type { CommandHost } from './job-runner.ts';
import { MaskFiles } from './mask-files.ts';
import { combineMasks, handGrid, ownerOf, regionOf, repaintCommand } from './mask-regions.ts';
import { messages } from './messages.ts';
import { Painter, type StrokeStyle } from './painter.ts';
import { PickTool } from './pick-tool.svelte.ts';
import type { Notifier } from './studio.ts';
import { tellDuration } from './timing.ts';
import { OutlineDraft, outlineMask } from './tools-outline.svelte.ts';
import type { Tool } from './tools.ts';
import type { ViewState } from './view-state.svelte.ts';
import type { BrushStroke } from './worker-client.ts';

/** From here on a pixel is of the mask. */
const MASK_COVERAGE = 0.5;

/** What changing masks by hand needs of the studio. */
export interface MaskHost extends CommandHost {
  readonly view: ViewState;
  readonly notifier: Notifier;
  /** Opens a picture. */
  readonly open: (file: Blob, name: string) => Promise<boolean>;
}

/** Everything done to masks by hand. Every act is one step of the history. */
export class MaskCommands {
  readonly painter = new Painter((stroke, since) => {
    const painted = this.#paint(stroke, since);
    if (stroke.finished) this.#finished = painted;
  });
  readonly draft = new OutlineDraft();
  readonly picks: PickTool;
  readonly files: MaskFiles;
  readonly #host: MaskHost;
  /** Id of a region that is being painted and not yet part of the document; strokes too faint for a mask add up on it. */
  #fresh: string | null = null;
  /** It was said that strokes are too faint, and none has counted since. */
  #faintSaid = false;
  /** The last stroke that was ended, until it is a step. */
  #finished: Promise<void> = Promise.resolve();

  constructor(host: MaskHost) {
    this.#host = host;
    this.picks = new PickTool(host);
    this.files = new MaskFiles(host);
  }

  /**
   * Begins a stroke on the selected detection. With none selected it makes a region of its own, unless it erases.
   * @param line draw from where the last stroke ended.
   */
  beginStroke(mode: BrushStroke['mode'], point: BrushPoint, line = false): void {
    const style = this.#styleOf(mode);
    if (!style) return this.#host.notifier.info(messages.tools.needsDetection);
    if (line) this.painter.beginLine(style, point);
    else this.painter.begin(style, point);
  }

  #styleOf(mode: BrushStroke['mode']): StrokeStyle | null {
    const { document, view } = this.#host;
    const { radiusPx, hardness, opacity } = view.tools;
    const tip = { mode, radiusPx, hardness, opacity };
    const { selectedDetection, image } = document;
    if (selectedDetection) return { detectionId: selectedDetection.id, ...tip };
    if (!image || (mode === 'erase' && !this.#fresh)) return null;
    this.#fresh ??= crypto.randomUUID();
    const { conceptId } = ownerOf(document);
    const fresh = { ...handGrid(image.size), hue: hueOf(conceptId), pattern: patternOf(conceptId) };
    return { detectionId: this.#fresh, ...tip, fresh };
  }

  /** What was painted is kept as additions and removals, so that rules and re-runs leave it alone. */
  async #paint(stroke: BrushStroke, since: number): Promise<void> {
    const { client, expect } = this.#host;
    const painted = expect(await client.call((_api, viewer) => viewer.paint(stroke)));
    tellDuration('stroke', since);
    if (!stroke.finished) return;
    const isFresh = this.#fresh === stroke.detectionId;
    const isFaint = stroke.mode === 'add' && painted && isEmptyMask(painted.mask);
    if (isFresh && !isFaint) this.#fresh = null;
    if (!painted) return;
    const counted = isFresh
      ? this.#addRegion(stroke.detectionId, painted.mask)
      : this.setMask(stroke.detectionId, painted.mask, 'stroke');
    this.#sayFaint(counted, stroke, painted.mask);
  }

  /** A mask begins at half coverage: strokes below that do nothing by themselves, which is said once. */
  #sayFaint(counted: boolean, { opacity = 1, mode, points }: BrushStroke, mask: MaskRle): void {
    const [end, size] = [points.at(-1), this.#host.document.image?.size];
    if (!end || !size) return;
    // Where there was nothing to add or to take away, no opacity would have done more.
    const covered = rleCovers(mask, (end.x / size.width) * mask.width, (end.y / size.height) * mask.height);
    const isFaint = !counted && opacity < MASK_COVERAGE && covered === (mode === 'erase');
    if (isFaint && !this.#faintSaid) this.#host.notifier.info(messages.tools.tooFaint(opacity * 100));
    this.#faintSaid = isFaint;
  }

  /**
   * Ends the stroke under the hand and waits until it is a step. Whoever goes through the history does so first: a stroke
   * comes back as the whole mask it was drawn on, and would bring back with it what was undone meanwhile.
   */
  settle(): Promise<void> {
    this.painter.end();
    return this.#finished;
  }

  /** Closes the shape that is being drawn and lets it change the selected mask, or become a region of its own. */
  closeShape(): void {
    const { document } = this.#host;
    const outline = this.draft.close();
    if (!outline || outline.kind === 'box' || !document.image) return;
    const { size } = document.image;
    const shape = outlineMask(outline, size, handGrid(size));
    if (isEmptyMask(shape)) return;
    const { selectedDetection } = document;
    if (selectedDetection) {
      const combined = combineMasks(selectedDetection.mask, shape, outline.combine);
      this.setMask(selectedDetection.id, combined, 'shape');
    } else if (outline.combine === 'add') this.#addRegion(crypto.randomUUID(), shape);
    else this.#host.notifier.info(messages.tools.needsDetection);
  }

  /** Makes a detection look like this, whatever its rules say, and ticks it. Answers false where that changes nothing. */
  setMask(id: string, mask: MaskRle, name: StepName): boolean {
    const { document } = this.#host;
    const before = document.detections.find((detection) => detection.id === id);
    const command = repaintCommand(document, id, mask);
    if (!command || (before?.enabled && sameMask(...matchGrid([before.mask, mask])))) return false;
    document.dispatch(command, { name, subject: String(document.numberOf(id)) });
    return true;
  }

  #addRegion(id: string, mask: MaskRle): boolean {
    const { document } = this.#host;
    if (isEmptyMask(mask)) return false;
    const { conceptId, commands } = ownerOf(document);
    const candidates = [regionOf({ id, conceptId, origin: 'hand', mask })];
    document.dispatch([...commands, { type: 'add-candidates', candidates }], { name: 'region' });
    document.select({ kind: 'detection', id });
    return true;
  }

  invert(): void {
    this.#change(invertCandidate);
  }

  /** Grows (+) or shrinks (−) the selected mask by the set step. */
  grow(direction: 1 | -1): void {
    const { document, view } = this.#host;
    const size = document.image?.size;
    if (size) this.#change((target) => growCandidate(target, direction * view.tools.growStepPx, size));
  }

  /** Combines the selected mask with another detection's, which stays as it is. */
  combineWith(otherId: string, operation: BooleanOperation): void {
    const other = this.#visible(otherId);
    if (other) this.#change((target) => combineCandidates(target, other, operation));
  }

  #change(operation: (target: Visible) => Candidate): void {
    const { document, notifier } = this.#host;
    const id = document.selectedDetection?.id;
    const target = id === undefined ? undefined : this.#visible(id);
    if (id === undefined || !target) return notifier.info(messages.tools.needsDetection);
    const { edits } = operation(target);
    document.dispatch(
      { type: 'update-candidates', ids: [id], patch: { edits } },
      { name: 'mask', subject: String(document.numberOf(id)) },
    );
  }

  #visible(id: string): Visible | undefined {
    const { candidates, resolved } = this.#host.document;
    return visibleOnes(candidates, resolved, [id])[0];
  }

  /** Puts the frame the crop is planned around; null follows the mask again. */
  setFrame(id: string, frame: Rect<'unit'> | null): void {
    const { document } = this.#host;
    const subject = String(document.numberOf(id));
    document.updateCandidate(id, { frame }, { name: 'frame', subject });
  }

  /** Ticks everything, nothing, or what was not ticked. */
  tick(which: 'all' | 'none' | 'inverse'): void {
    const { document } = this.#host;
    const on = document.detections.filter(({ enabled }) =>
      which === 'inverse' ? !enabled : which === 'all',
    );
    const ids = (wanted: boolean) =>
      document.detections.filter((one) => on.includes(one) === wanted).map(({ id }) => id);
    document.dispatch(
      [
        { type: 'update-candidates', ids: ids(true), patch: { tick: true } },
        { type: 'update-candidates', ids: ids(false), patch: { tick: false } },
      ],
      { name: 'tick' },
    );
  }

  /** Another picture is open: what was begun on the one before is gone. */
  forget(): void {
    this.painter.cancel();
    this.#fresh = null;
    this.#faintSaid = false;
    this.draft.cancel();
    this.picks.leave();
    this.picks.away();
  }

  /** Another tool is in hand: a shape and a preview belong to the one before. The hand only moves the picture. */
  took(tool: Tool): void {
    const { shape } = this.draft;
    if (shape && tool !== 'hand' && tool !== (shape.kind === 'box' ? 'click' : shape.kind))
      this.draft.cancel();
    if (tool !== 'click') this.picks.away();
  }

  /** Escape: leaves first what is being drawn, then the object that is being clicked together, then the tool. */
  leave(): void {
    const { view } = this.#host;
    if (this.draft.shape) this.draft.cancel();
    else if (this.picks.current) this.picks.beginNew();
    else view.setTool('select');
  }
}
