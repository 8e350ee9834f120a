/** The layer stack and what can be done with painted areas. */
export const layers = {
  missing: (names: readonly string[]) =>
    `The pixels of ${names.join(', ')} are gone and cannot be shown. Refine them again, or remove these layers.`,
};
