import type { Detection } from '#domain/job/request.ts';

/** More choices than these are no choice; each is an entry of a list in the page. */
const MOST = 60;

/** What a detection can be combined with: the others, in the order of the list; of very many those nearest to it. */
export function othersNear(detections: readonly Detection[], id: string | undefined): readonly Detection[] {
  const others = detections.filter((detection) => detection.id !== id);
  const own = detections.find((detection) => detection.id === id);
  if (!own || others.length <= MOST) return others.slice(0, MOST);
  const far = new Map(others.map((other) => [other, distance(own, other)]));
  const byDistance = others.toSorted((a, b) => (far.get(a) as number) - (far.get(b) as number));
  const near = new Set(byDistance.slice(0, MOST));
  return others.filter((other) => near.has(other));
}

/** Between the middles of their boxes, in shares of the picture. */
function distance({ box: a }: Detection, { box: b }: Detection): number {
  return Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
}
