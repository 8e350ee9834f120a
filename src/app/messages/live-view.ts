/** A part of the catalogue: texts, functions that make texts, and further parts. */
type Branch = Readonly<Record<string, unknown>>;

const isBranch = (value: unknown): value is Branch =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The shape of a catalogue, every text of which is read from whatever catalogue `current` gives at that moment. A part
 * may be kept (`const texts = messages.bar`); a text may not, or it stays in the language it was read in.
 */
export function liveView<T extends object>(shape: T, current: () => T): T {
  const view = {};
  for (const [key, value] of Object.entries(shape)) {
    const read = () => (current() as Branch)[key];
    const property = isBranch(value) ? { value: liveView(value, read as () => Branch) } : { get: read };
    Object.defineProperty(view, key, { ...property, enumerable: true });
  }
  return view as T;
}
