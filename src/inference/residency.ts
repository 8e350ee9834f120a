/** Weights that may stay on the device between uses. The demo's networks do; full-size ones give way to the UNet. */
const RESIDENT_BYTES = 128 * 2 ** 20;

/**
 * Whether a network that a job uses once per prompt or batch stays loaded until the next time: text encoders, vision,
 * conditioning (spec/onnxruntime-web.md §9: load, run, release in sequence; only the step graph stays).
 * @param keep the execution plan's word; absent: by size.
 */
export function staysResident(bytes: number, keep: boolean | undefined): boolean {
  return keep ?? bytes <= RESIDENT_BYTES;
}
