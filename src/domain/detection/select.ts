import type { Detection, SelectionMode } from '../job/request.ts';

type Candidate = Pick<Detection, 'id' | 'box' | 'score'>;

/**
 * Ids a selection mode ticks. `first`, by the name records know it, is the best-scored wherever it is listed, `largest`
 * the one with the largest box, `center` the one whose box centre is nearest to the picture's. Of equals it is the one
 * listed first.
 */
export function selectDetections(candidates: readonly Candidate[], mode: SelectionMode): ReadonlySet<string> {
  switch (mode) {
    case 'all':
      return new Set(candidates.map(({ id }) => id));
    case 'first':
      return best(candidates, ({ score }) => score);
    case 'largest':
      return best(candidates, ({ box }) => box.width * box.height);
    case 'center':
      return best(
        candidates,
        ({ box: { x, y, width, height } }) => -Math.hypot(x + width / 2 - 0.5, y + height / 2 - 0.5),
      );
  }
}

function best(
  candidates: readonly Candidate[],
  worth: (candidate: Candidate) => number,
): ReadonlySet<string> {
  let winner: Candidate | undefined;
  for (const candidate of candidates) if (!winner || worth(candidate) > worth(winner)) winner = candidate;
  return new Set(winner ? [winner.id] : []);
}
