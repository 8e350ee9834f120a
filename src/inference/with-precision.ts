import type { NetworkPrecision } from '#domain/plan/types.ts';
import type { NetworkRuntime } from './runtime.ts';

/** The same runtime, emitting networks of a given precision. */
export function withPrecision(runtime: NetworkRuntime, precision: NetworkPrecision): NetworkRuntime {
  return {
    description: runtime.description,
    emission: { ...runtime.emission, ...precision },
    load: (...request) => runtime.load(...request),
  };
}
