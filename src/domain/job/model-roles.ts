/**
 * Parts a job is made of that are filled once each, in the order in which they are chosen anew: a checkpoint fills and
 * empties other roles, an adapter brings its vision tower.
 */
export const SINGLE_ROLES = [
  'checkpoint',
  'sam3',
  'ip-adapter',
  'vision',
  'autoencoder',
  'text-l',
  'text-g',
] as const;
export type SingleRole = (typeof SINGLE_ROLES)[number];

/** The parts a job is made of. `lora` can be filled several times. */
export type ModelRole = SingleRole | 'lora';
