import type { Rect } from '../geometry/rect.ts';
import type { Detection, SelectionMode } from '../job/request.ts';

type Candidate = Pick<Detection, 'id' | 'box'>;

/**
 * Ids a selection mode ticks. `first` is the best-scored (candidates come by falling score), `largest` the one with
 * the largest box, `center` the one whose box centre is nearest to the picture's.
 */
export function selectDetections(candidates: readonly Candidate[], mode: SelectionMode): ReadonlySet<string> {
  switch (mode) {
    case 'all':
      return new Set(candidates.map(({ id }) => id));
    case 'first':
      return new Set(candidates.slice(0, 1).map(({ id }) => id));
    case 'largest':
      return best(candidates, ({ width, height }) => width * height);
    case 'center':
      return best(
        candidates,
        ({ x, y, width, height }) => -Math.hypot(x + width / 2 - 0.5, y + height / 2 - 0.5),
      );
  }
}

function best(candidates: readonly Candidate[], score: (box: Rect<'unit'>) => number): ReadonlySet<string> {
  let winner: Candidate | undefined;
  for (const candidate of candidates)
    if (!winner || score(candidate.box) > score(winner.box)) winner = candidate;
  return new Set(winner ? [winner.id] : []);
}
