import type { EmittedGraph, Port } from '#models/graph/builder.ts';
import type { HostTensor } from '#domain/tensor.ts';

/** Plausible inputs of any of our graphs, batch 1: numbers in ±1, or ids below every vocabulary's size. */
export function randomFeeds({ inputs }: EmittedGraph, free = 1): Record<string, HostTensor> {
  return Object.fromEntries(inputs.map((port) => [port.name, randomFeed(port, free)]));
}

function randomFeed({ name, dims, dtype }: Port, free: number): HostTensor {
  const shape = dims.map((dim) => (typeof dim === 'number' ? dim : free));
  const count = shape.reduce((product, dim) => product * dim, 1);
  if (dtype === 'i32')
    return { dims: shape, data: Int32Array.from({ length: count }, (_, i) => (i * 7919) % 40000) };
  const phase = name.length;
  return { dims: shape, data: Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + phase)) };
}
