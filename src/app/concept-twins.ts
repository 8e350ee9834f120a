import { crossDuplicates } from '#domain/detection/cross-duplicates.ts';
import { MaskMeasures } from '#domain/detection/measures.ts';
import type { Detection } from '#domain/job/request.ts';

/** Finds detections of different concepts that are probably one object; masks are compared only when they change. */
export class Twins {
  readonly #measures = new MaskMeasures();
  #compared: readonly Detection[] = [];
  #pairs: ReturnType<typeof crossDuplicates> = [];

  /** By id of a detection, the other one, where both are ticked: then it would be painted twice. */
  of(detections: readonly Detection[]): ReadonlyMap<string, Detection> {
    if (!sameMasks(detections, this.#compared)) {
      this.#compared = detections;
      this.#pairs = crossDuplicates(detections, this.#measures);
    }
    const byId = new Map(detections.map((detection) => [detection.id, detection]));
    const twins = new Map<string, Detection>();
    for (const { first, second } of this.#pairs) {
      const [one, other] = [byId.get(first), byId.get(second)];
      if (!one?.enabled || !other?.enabled) continue;
      twins.set(first, twins.get(first) ?? other);
      twins.set(second, twins.get(second) ?? one);
    }
    return twins;
  }
}

/** A tick changes no mask, and comparing a thousand of them takes a while. */
function sameMasks(a: readonly Detection[], b: readonly Detection[]): boolean {
  return a.length === b.length && a.every(({ mask, id }, i) => mask === b[i]?.mask && id === b[i]?.id);
}
