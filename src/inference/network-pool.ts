import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Words } from '#domain/job/sentence.ts';
import type { HostTensor } from '#domain/tensor.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { elementCount, ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { Mutex } from './mutex.ts';
import {
  isNetTensor,
  type EmissionOptions,
  type Feed,
  type LoadOptions,
  type NetTensor,
  type Network,
  type NetworkRuntime,
} from './runtime.ts';
import { runtimeError } from './runtime-errors.ts';
import { watchedWeights } from './watched-weights.ts';
import type { WeightSource } from './weights.ts';

/** What is on the device of one family: its memory only comes back when all of its networks go. */
export interface ResidentFamily {
  readonly family: string;
  /** Weights. */
  readonly bytes: number;
  /** Since one of its networks last ran. */
  readonly idleMs: number;
}

/** How much may be loaded at a time, and who is told when that changes. */
export interface PoolOptions {
  /** Weights that may be on the device together. A network larger than that is loaded alone. */
  readonly residentBytes?: number;
  /** Milliseconds; tests bring their own. */
  readonly now?: () => number;
  /** Called after networks came to the device or left it. */
  readonly onChange?: () => void;
}

/** The job that loads run for: it can stop them, and is told how far they are. */
export interface LoadWatch {
  readonly signal: AbortSignal;
  onLoad(network: string, fraction: number): void;
}

/**
 * The runtime as one set of models sees it: families of networks that come to the device when needed and leave it for
 * others, least recently used first. A network that left is loaded again at its next run, and outputs that it had kept
 * on the device are read to the host before, so its user notices nothing but time. Closing the pool releases
 * everything, so that nothing of an old model stays when a new one comes.
 */
export class NetworkPool implements NetworkRuntime {
  readonly #runtime: NetworkRuntime;
  readonly #residentBytes: number;
  readonly #now: () => number;
  readonly #onChange: () => void;
  /** Everything that can touch the device, one at a time. */
  readonly #mutex = new Mutex();
  readonly #families = new Map<string, Family>();
  #closed = false;
  #watch: LoadWatch | null = null;

  constructor(runtime: NetworkRuntime, options: PoolOptions = {}) {
    this.#runtime = runtime;
    this.#residentBytes = options.residentBytes ?? Infinity;
    this.#now = options.now ?? (() => performance.now());
    this.#onChange = options.onChange ?? (() => undefined);
  }

  get description(): Words {
    return this.#runtime.description;
  }

  get emission(): EmissionOptions {
    return this.#runtime.emission;
  }

  /** Loads of the next runs belong to this job; null: to none. */
  watch(job: LoadWatch | null): void {
    this.#watch = job;
  }

  /** @throws AppError `aborted` once the pool is closed, as every run of its networks does. */
  load(
    family: string,
    graph: EmittedGraph,
    weights: WeightSource,
    options: LoadOptions = {},
  ): Promise<Network> {
    return this.#exclusive(async () => {
      const member = new PooledNetwork(this, family, { graph, weights, options });
      await this.#bring(member);
      this.check();
      return member;
    });
  }

  resident(): readonly ResidentFamily[] {
    const now = this.#now();
    return [...this.#families]
      .map(([family, { members, lastUse }]) => ({
        family,
        bytes: [...members].reduce((sum, member) => sum + (member.live ? member.bytes : 0), 0),
        idleMs: Math.max(0, now - lastUse),
      }))
      .filter(({ bytes }) => bytes > 0);
  }

  /** Takes the chosen families off the device. They come back when next run. */
  evict(chosen: (family: ResidentFamily) => boolean): Promise<void> {
    return this.#mutex.run(async () => {
      for (const resident of this.resident()) if (chosen(resident)) await this.#clear(resident.family);
    });
  }

  /**
   * Releases all networks; one that is running finishes its run first. Tries each even when another fails.
   * @throws AggregateError of what failed.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#mutex.run(async () => {
      const members = [...this.#families.values()].flatMap((family) => [...family.members]);
      this.#families.clear();
      const results = await Promise.allSettled(members.map((member) => member.drop()));
      this.#onChange();
      const errors = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as unknown] : [],
      );
      if (errors.length > 0) throw new AggregateError(errors, 'some networks could not be released');
    });
  }

  /** Runs a member's network, bringing it back to the device when it is not there. */
  use<T>(member: PooledNetwork, work: (network: Network) => Promise<T>): Promise<T> {
    return this.#exclusive(() =>
      this.#withRoom(member.family, async () => {
        const network = member.live ?? (await this.#bring(member));
        try {
          return await work(network);
        } catch (error) {
          await this.#expel(member);
          throw error;
        } finally {
          this.#family(member.family).lastUse = this.#now();
        }
      }),
    );
  }

  /** Reads of kept outputs wait for a spill to end. */
  reading<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(work);
  }

  /** Its user lets go of a network for good. */
  forget(member: PooledNetwork): Promise<void> {
    return this.#mutex.run(async () => {
      const family = this.#families.get(member.family);
      family?.members.delete(member);
      if (family?.members.size === 0) this.#families.delete(member.family);
      await member.drop();
      this.#onChange();
    });
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(() => {
      this.check();
      return work();
    });
  }

  /** @throws AppError `aborted` once the pool is closed. */
  check(): void {
    if (this.#closed)
      throw new AppError('aborted', 'Stopped, because the models were changed. Start the job again.');
  }

  async #bring(member: PooledNetwork): Promise<Network> {
    await this.#makeRoom(member);
    const network = await this.#withRoom(member.family, () => this.#create(member));
    member.live = network;
    const family = this.#family(member.family);
    family.members.add(member);
    family.lastUse = this.#now();
    this.#onChange();
    return network;
  }

  #create({ family, source: { graph, weights, options } }: PooledNetwork): Promise<Network> {
    const watch = this.#watch;
    const watched = watch ? watchedWeights(weights, graph, watch) : weights;
    const signal = watch && { signal: watch.signal };
    return this.#runtime.load(family, graph, watched, { ...options, ...signal });
  }

  /** The weights that are there already leave until the new ones fit, except the family's own. */
  async #makeRoom(member: PooledNetwork): Promise<void> {
    const resident = this.resident();
    let total = resident.reduce((sum, { bytes }) => sum + bytes, member.bytes);
    const oldest = resident
      .filter(({ family }) => family !== member.family)
      .sort((a, b) => b.idleMs - a.idleMs);
    for (const { family, bytes } of oldest) {
      if (total <= this.#residentBytes) return;
      await this.#clear(family);
      total -= bytes;
    }
  }

  /** When memory runs out in spite of the plan, everything else leaves and the work is tried once more. */
  async #withRoom<T>(family: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const others = this.resident().filter((other) => other.family !== family);
      if (!(error instanceof AppError) || error.code !== 'gpu-out-of-memory' || others.length === 0)
        throw error;
      for (const other of others) await this.#clear(other.family);
      return await work();
    }
  }

  /**
   * A network whose run failed may hold buffers that never came to be: it leaves, and its next run loads it anew. What
   * goes wrong on the way out is a consequence of the failure being reported.
   */
  async #expel(member: PooledNetwork): Promise<void> {
    await member
      .leave()
      .catch(() => member.drop())
      .catch(() => undefined);
    this.#onChange();
  }

  async #clear(name: string): Promise<void> {
    for (const member of this.#families.get(name)?.members ?? []) await member.leave();
    this.#onChange();
  }

  #family(name: string): Family {
    const known = this.#families.get(name);
    if (known) return known;
    const fresh: Family = { members: new Set(), lastUse: this.#now() };
    this.#families.set(name, fresh);
    return fresh;
  }
}

interface Family {
  readonly members: Set<PooledNetwork>;
  lastUse: number;
}

interface Source {
  readonly graph: EmittedGraph;
  readonly weights: WeightSource;
  readonly options: LoadOptions;
}

class PooledNetwork implements Network {
  readonly family: string;
  readonly source: Source;
  readonly bytes: number;
  /** Null while it is off the device. */
  live: Network | null = null;
  readonly #pool: NetworkPool;
  readonly #kept = new Set<PooledTensor>();
  #released = false;

  constructor(pool: NetworkPool, family: string, source: Source) {
    this.#pool = pool;
    this.family = family;
    this.source = source;
    this.bytes = graphWeightBytes(source.graph);
  }

  get name(): string {
    return this.source.graph.name;
  }

  async run(
    feeds: Readonly<Record<string, Feed>>,
    keepOnDevice: readonly string[] = [],
  ): Promise<Readonly<Record<string, NetTensor>>> {
    this.#pool.check();
    if (this.#released) throw new Error(`run() of "${this.name}" after release()`);
    return this.#pool.use(this, async (network) => {
      const inputs = Object.entries(feeds).map(([name, feed]) => [name, unwrapped(feed)]);
      const outputs = await network.run(Object.fromEntries(inputs) as Record<string, Feed>, keepOnDevice);
      const kept = keepOnDevice.map((name) => [name, this.#keep(outputs[name])]);
      return { ...outputs, ...(Object.fromEntries(kept) as Record<string, NetTensor>) };
    });
  }

  #keep(output: NetTensor | undefined): NetTensor {
    if (!output) throw new RangeError(`the network "${this.name}" lacks an output that is to be kept`);
    const tensor: PooledTensor = new PooledTensor(output, this.name, this.#pool, () =>
      this.#kept.delete(tensor),
    );
    this.#kept.add(tensor);
    return tensor;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#pool.forget(this);
  }

  /** Leaves the device, its kept outputs first. */
  async leave(): Promise<void> {
    for (const tensor of this.#kept) await tensor.spill();
    await this.drop();
  }

  async drop(): Promise<void> {
    const network = this.live;
    this.live = null;
    await network?.release();
  }
}

/** An output kept on the device, or its copy on the host once its network had to leave. */
class PooledTensor implements NetTensor {
  readonly dims: readonly number[];
  readonly #network: string;
  readonly #pool: NetworkPool;
  readonly #onDispose: () => void;
  #place: NetTensor | HostTensor;

  constructor(tensor: NetTensor, network: string, pool: NetworkPool, onDispose: () => void) {
    this.dims = tensor.dims;
    this.#network = network;
    this.#place = tensor;
    this.#pool = pool;
    this.#onDispose = onDispose;
  }

  get feed(): Feed {
    return this.#place;
  }

  read(): Promise<HostTensor> {
    return this.#pool.reading(() => this.#value());
  }

  /** @throws AppError where the runtime says that the device was lost or is out of memory. */
  async #value(): Promise<HostTensor> {
    const place = this.#place;
    if (!isNetTensor(place)) return place;
    try {
      return await place.read();
    } catch (error) {
      throw runtimeError(error, sentence`reading what "${this.#network}" had computed`);
    }
  }

  async spill(): Promise<void> {
    const place = this.#place;
    if (!isNetTensor(place)) return;
    this.#place = await this.#value();
    place.dispose();
  }

  dispose(): void {
    if (isNetTensor(this.#place)) this.#place.dispose();
    this.#onDispose();
  }
}

function unwrapped(feed: Feed): Feed {
  return feed instanceof PooledTensor ? feed.feed : feed;
}

/** What a graph's weights take on the device. */
export function graphWeightBytes({ weights }: EmittedGraph): number {
  return weights.reduce((sum, { dims, dtype }) => sum + elementCount(dims) * ELEMENT_BYTES[dtype], 0);
}
