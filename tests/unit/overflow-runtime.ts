import { OverflowError } from '#inference/overflow.ts';
import type { NetTensor, NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';

const runtime = new OrtNodeRuntime({ threads: 1 });

/** A device with 16-bit arithmetic that spoils the networks whose family matches, in some types. */
export function overflowing(family: RegExp, dtypes: readonly string[], spoiled: 'run' | 'load' = 'run') {
  const log: string[] = [];
  const device: NetworkRuntime = {
    description: '',
    emission: { dtype: 'f16', attention: 'plain' },
    load: async (name, graph, source, options) => {
      const dtype = graph.inputs[0]?.dtype ?? '';
      const spoils = family.test(name) && dtypes.includes(dtype);
      log.push(`${name} ${dtype}`);
      if (spoils && spoiled === 'load') throw new OverflowError('too large');
      const network = await runtime.load(name, graph, source, options);
      if (!spoils) return network;
      const broken = async (output: NetTensor): Promise<NetTensor> => {
        const value = await output.read();
        value.data[0] = NaN;
        return { dims: value.dims, read: () => Promise.resolve(value), dispose: () => undefined };
      };
      return {
        name: graph.name,
        run: async (feeds) => {
          const outputs = Object.entries(await network.run(feeds));
          const read = outputs.map(async ([port, output]) => [port, await broken(output)] as const);
          return Object.fromEntries(await Promise.all(read));
        },
        release: () => network.release(),
      };
    },
  };
  return { log, device };
}
