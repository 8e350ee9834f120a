import { sentence } from '#domain/job/sentence.ts';
import { learntLimitsSchema } from '#domain/plan/learnt.ts';
import type { Plan, PlanWish } from '#domain/plan/plan.ts';
import type { ExecutionPlan } from '#domain/plan/types.ts';
import { AppError } from '#domain/job/app-error.ts';
import { Mutex } from '#inference/mutex.ts';
import { NetworkPool, type ResidentFamily } from '#inference/network-pool.ts';
import type { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { assembleNetworks, networkFacts, unmatchedLora, type AssembledFacts } from '#pipelines/assemble.ts';
import { modelCosts } from '#pipelines/costs.ts';
import type { JobContext } from '#pipelines/progress.ts';
import type { PixelOps, Services } from '#pipelines/services.ts';
import type { ModelPreferences } from '#storage/model-preferences.ts';
import * as v from 'valibot';
import type { MemoryState, ModelRole, ModelsState, ResidentModel, RuntimeInfo } from './api.ts';
import type { Hardware } from './hardware.ts';
import { loadEvents } from './load-events.ts';
import { MemoryPlanner, USUAL_WISH } from './memory-planner.ts';
import { checkedBudget, checkedMinutes } from './model-preferences.ts';
import type { ModelSet } from './model-set.ts';

/** Networks as a plan has them, and what lets go of them all. */
interface Networks {
  readonly planned: Plan;
  readonly wish: PlanWish;
  readonly pool: NetworkPool;
  readonly parts: ReturnType<typeof assembleNetworks>;
}

/** How often networks are looked at that nobody has used for a while. */
const IDLE_CHECK_MS = 15_000;
const MINUTE_MS = 60_000;

/** The chosen hardware, the models in their roles, and the services built from both under a memory plan. */
export class Backend {
  readonly runtime: OrtWebRuntime;
  readonly pixels: PixelOps;
  /** After which unused networks leave the device; null: never. */
  keepMinutes: number | null = 5;
  readonly #hardware: Hardware;
  readonly #planner: MemoryPlanner;
  #preferences: ModelPreferences | null = null;
  #set: ModelSet | null = null;
  /** Null while a part is missing that another file will bring. */
  #facts: AssembledFacts | null = null;
  #networks: Networks | null = null;
  #changed = (): void => undefined;
  #idle = (): void => undefined;
  /** Jobs that hold services. */
  #active = 0;
  /** Sets of models and of networks are exchanged one at a time. */
  readonly #exchange = new Mutex();

  constructor(hardware: Hardware) {
    this.runtime = hardware.runtime;
    this.pixels = hardware.pixels;
    this.#hardware = hardware;
    this.#planner = new MemoryPlanner(hardware.device);
    setInterval(() => void this.#evictIdle(), IDLE_CHECK_MS);
  }

  onChange(listener: () => void): void {
    this.#changed = listener;
  }

  /** Called when the last job has ended. */
  onIdle(listener: () => void): void {
    this.#idle = listener;
  }

  get busy(): boolean {
    return this.#active > 0;
  }

  /** Whether the chosen detector has the interactive predictor. */
  get canPick(): boolean {
    return Boolean(this.#facts?.sam3?.config.tracker);
  }

  /** Runs a job: until it ends, nothing leaves the device for having been unused. */
  async during<T>(job: () => Promise<T>): Promise<T> {
    this.#active++;
    try {
      return await job();
    } finally {
      this.#active--;
      if (this.#active === 0) this.#idle();
    }
  }

  /** Takes up what the last visits have set and learnt. */
  async recall(preferences: ModelPreferences): Promise<void> {
    this.#preferences = preferences;
    const minutes = await preferences.get('keepMinutes', checkedMinutes);
    if (minutes) this.keepMinutes = minutes.minutes;
    const budget = await preferences.get('memoryBudget', checkedBudget);
    const learnt = await preferences.get('learntLimits', (value) => v.parse(learntLimitsSchema, value));
    this.#planner.recall(budget, learnt ?? {});
  }

  info(): RuntimeInfo {
    return {
      networks: this.runtime.description,
      kernels: this.pixels.description,
      accelerated: this.#hardware.accelerated,
      models: this.#set?.info ?? [],
    };
  }

  /**
   * Puts a set of models into use; the old ones' memory is given back before this resolves, or it is said why not.
   * @returns LoRA keys that match nothing, by entry id.
   * @throws AppError for files that are damaged or do not belong together; the models in use stay as they were.
   */
  use(set: ModelSet | null): Promise<Pick<ModelsState, 'unmatched'>> {
    return this.#exchange.run(() => this.#take(set));
  }

  async #take(set: ModelSet | null): Promise<Pick<ModelsState, 'unmatched'>> {
    const facts = set && factsIfComplete(set);
    const { dtype, attention } = this.#emission;
    const costs = facts && modelCosts(facts, { dtype, attention });
    const unmatched = facts && set ? unmatchedKeys(set, facts) : {};
    this.#set = set;
    this.#facts = facts;
    this.#planner.costs = costs;
    await this.#letGo();
    return { unmatched };
  }

  /** The device computes in 16 bit where it can do so faithfully. */
  get #emission() {
    const { device, runtime } = this.#hardware;
    return { ...runtime.emission, dtype: device.shaderF16 ? ('f16' as const) : ('f32' as const) };
  }

  /** @throws AppError when models are missing, or the wish does not fit into memory. */
  async services(context: JobContext, wish: PlanWish): Promise<Services> {
    context.onEvent({
      kind: 'progress',
      phase: 'load',
      fraction: 0,
      remainingMs: null,
      detail: sentence`opening the models`,
    });
    const planned = this.#planner.plan(wish);
    const services = await this.#servicesFor(planned, wish, context);
    // The plan counts on it, and nothing else takes SAM 3 off the device before the sampler needs the room.
    if (planned.plan.residency !== 'all') await this.unload('sam3');
    return services;
  }

  /** What finding things needs: the networks that are there, whatever job they were planned for. */
  async detecting(context: JobContext): Promise<Services> {
    const { planned, wish } = this.#networks ?? {
      planned: this.#planner.planForDetection(),
      wish: USUAL_WISH,
    };
    return this.#servicesFor(planned, wish, context);
  }

  async #servicesFor(planned: Plan, wish: PlanWish, context: JobContext): Promise<Services> {
    const { parts, pool } = await this.#networksFor(planned, wish);
    pool.watch(loadEvents(context));
    return {
      pixels: this.pixels,
      batchBudgetBytes: planned.plan.batchBudgetBytes,
      plan: planned.plan,
      ...parts,
      stepDown: async () => {
        const smaller = this.#planner.smaller(planned.plan, wish);
        void this.#preferences?.set('learntLimits', this.#planner.learnt);
        this.#changed();
        return smaller && this.#servicesFor(smaller, wish, context);
      },
      memoryAdvice: NOTHING_SMALLER,
    };
  }

  /** How the networks of a wish compute, for a recipe: "UNet f16 with 8-bit weights". */
  precision(wish: PlanWish): string {
    const { unet } = this.#planner.plan(wish).plan;
    const packed = unet.linearBits === null ? '' : ` with ${unet.linearBits}-bit weights`;
    const { prediction } = this.#set?.files ?? { prediction: 'auto' };
    return `UNet ${unet.dtype}${packed}${prediction === 'auto' ? '' : `, predicts ${prediction} by choice`}`;
  }

  /** A job that asked for this came through: the next plan may trust its peak. */
  worked(wish: PlanWish): void {
    this.#planner.worked(this.#planner.plan(wish).peakBytes);
    void this.#preferences?.set('learntLimits', this.#planner.learnt);
  }

  memory(wish?: PlanWish): MemoryState {
    return this.#planner.state(wish);
  }

  async setBudget(bytes: number | null): Promise<void> {
    this.#planner.budgetBytes = bytes;
    void this.#preferences?.set('learntLimits', this.#planner.learnt);
    await this.#exchange.run(() => this.#letGo());
  }

  resident(): readonly ResidentModel[] {
    const families = this.#networks?.pool.resident() ?? [];
    const roles = new Map<ModelRole, ResidentModel>();
    for (const { family, bytes, idleMs } of families) {
      const role = this.#roleOf(family);
      const known = roles.get(role);
      roles.set(role, {
        role,
        bytes: bytes + (known?.bytes ?? 0),
        idleMs: Math.min(idleMs, known?.idleMs ?? Infinity),
      });
    }
    return [...roles.values()];
  }

  /** Takes networks off the device; they come back when next run. */
  async unload(role: ModelRole | 'all'): Promise<void> {
    await this.#networks?.pool.evict(({ family }) => role === 'all' || this.#roleOf(family) === role);
  }

  async #evictIdle(): Promise<void> {
    const { keepMinutes } = this;
    if (keepMinutes === null || this.busy) return;
    const old = ({ idleMs }: ResidentFamily) => idleMs >= keepMinutes * MINUTE_MS;
    if (this.#networks?.pool.resident().some(old)) await this.#networks.pool.evict(old);
  }

  /** Parts that a checkpoint brings itself count as the checkpoint. */
  #roleOf(family: string): ModelRole {
    const [kind = ''] = family.split(' ');
    const files = this.#set?.files;
    switch (kind) {
      case 'text-l':
        return files?.textL ? 'text-l' : 'checkpoint';
      case 'text-g':
        return files?.textG ? 'text-g' : 'checkpoint';
      case 'codec':
        return files?.autoencoder ? 'autoencoder' : 'checkpoint';
      case 'anchor':
        return 'vision';
      case 'sam3':
        return 'sam3';
      default:
        return 'checkpoint';
    }
  }

  /** Networks that differ from the present ones only in how many crops they take at once are the same. */
  #networksFor(planned: Plan, wish: PlanWish): Promise<Networks> {
    return this.#exchange.run(() => this.#makeNetworks(planned, wish));
  }

  async #makeNetworks(planned: Plan, wish: PlanWish): Promise<Networks> {
    const { plan } = planned;
    if (this.#networks && sameNetworks(this.#networks.planned.plan, plan))
      return (this.#networks = { ...this.#networks, planned, wish });
    if (!this.#facts) throw new AppError('model-missing', 'The chosen models are not complete. See Models.');
    await this.#letGo();
    const onChange = () => this.#changed();
    const pool = new NetworkPool(this.runtime, { residentBytes: plan.residentBytes, onChange });
    this.#networks = { planned, wish, pool, parts: assembleNetworks(pool, this.#facts, plan) };
    return this.#networks;
  }

  async #letGo(): Promise<void> {
    const old = this.#networks;
    this.#networks = null;
    await old?.pool.close().catch((error: unknown) => {
      console.warn('The models used before could not be released completely.', error);
    });
    this.#changed();
  }
}

const NOTHING_SMALLER = sentence`Nothing smaller is left to try: close other programs that use the graphics card, or lower the tile size or the canvas.`;

/** Null while a part is missing that another file will bring, such as a checkpoint's VAE: a job then says which. */
function factsIfComplete(set: ModelSet): AssembledFacts | null {
  try {
    return networkFacts(set.files);
  } catch (error) {
    if (error instanceof AppError && error.code === 'model-missing') return null;
    throw error;
  }
}

function unmatchedKeys({ files, loraIds }: ModelSet, facts: AssembledFacts): ModelsState['unmatched'] {
  const entries = files.loras.map((lora, i) => [loraIds[i] ?? '', unmatchedLora(lora, facts)] as const);
  return Object.fromEntries(entries.filter(([, keys]) => keys.length > 0));
}

function sameNetworks(a: ExecutionPlan, b: ExecutionPlan): boolean {
  const networks = ({ unet, others, codecTilePx, residency, residentBytes, capture }: ExecutionPlan) =>
    JSON.stringify([unet, others, codecTilePx, residency, residentBytes, capture]);
  return networks(a) === networks(b);
}
