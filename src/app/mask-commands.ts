import { editsFrom } from '#domain/detection/resolve.ts';
import type { CommandHost } from './job-runner.ts';
import { Painter } from './painter.ts';
import { tellDuration } from './timing.ts';
import type { BrushStroke } from './worker-client.ts';

/** Everything done to a detection's mask by hand. */
export class MaskCommands {
  readonly painter = new Painter((stroke, since) => void this.#paint(stroke, since));
  readonly #host: CommandHost;

  constructor(host: CommandHost) {
    this.#host = host;
  }

  /** What was painted is kept as additions and removals, so that rules and re-runs leave it alone. */
  async #paint(stroke: BrushStroke, since: number): Promise<void> {
    const { document, client, expect } = this.#host;
    const painted = expect(await client.call((_api, viewer) => viewer.paint(stroke)));
    tellDuration('stroke', since);
    if (!stroke.finished || !painted) return;
    const before = document.resolved.ruleMasks.get(stroke.detectionId);
    if (!before) return;
    const subject = String(document.numberOf(stroke.detectionId));
    document.dispatch(
      {
        type: 'update-candidates',
        ids: [stroke.detectionId],
        patch: { edits: editsFrom(before, painted.mask), tick: true },
      },
      { name: 'stroke', subject },
    );
  }
}
