import { get, set } from 'idb-keyval';
import * as v from 'valibot';
import { clamp, type Extent } from './camera.ts';
import { isBrush, isShape, type BrushTool, type Combine, type ShapeTool, type Tool } from './tools.ts';

/** A brush's tip as it is remembered: its size grows with the picture. */
export interface TipSettings {
  /** Radius as a share of the picture's longer side. */
  readonly size: number;
  /** 0 to 1, share of the radius that covers fully. */
  readonly hardness: number;
  /** 0 to 1, most coverage of one stroke. */
  readonly opacity: number;
}

/** What a click with the object tool is for: another object, or a correction of the selected one. */
export const PICK_MODES = ['new', 'add', 'subtract'] as const;
export type PickMode = (typeof PICK_MODES)[number];
type Correction = Exclude<PickMode, 'new'>;

const DEFAULT_TIP: TipSettings = { size: 1 / 40, hardness: 1, opacity: 1 };
const DEFAULT_COMBINE: Readonly<Record<ShapeTool, Combine>> = {
  lasso: 'add',
  polygon: 'add',
  rectangle: 'add',
};
const SIZE_STEP = 1.2;
const HARDNESS_STEP = 0.1;
/** The largest tip covers half the picture's longer side. */
const MAX_SIZE = 1 / 4;
const MIN_OPACITY = 0.05;

const KEY = 'luna-tools';
const tipSchema = v.object({
  size: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_SIZE)),
  hardness: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  opacity: v.pipe(v.number(), v.minValue(MIN_OPACITY), v.maxValue(1)),
});
const tipsSchema = v.object({ brush: tipSchema, eraser: tipSchema });

/** The tool in hand and what each is set to. Brush and eraser keep their own settings, also between visits. */
export class ToolState {
  current = $state.raw<Tool>('select');
  tips = $state.raw<Readonly<Record<BrushTool, TipSettings>>>({ brush: DEFAULT_TIP, eraser: DEFAULT_TIP });
  combine = $state.raw<Readonly<Record<ShapeTool, Combine>>>(DEFAULT_COMBINE);
  /** What a click does to the selected object. */
  correction = $state.raw<Correction>('add');
  /** Picture pixels by which masks are grown and shrunk at a time. */
  growStepPx = $state.raw(4);
  /** Behind a detection that is cut out on a colour, "#rrggbb". */
  cutOutColour = $state.raw('#ffffff');
  #longSidePx = $state.raw(1);

  /** Of brush or eraser; the brush's while neither is in hand. */
  readonly #tip = $derived(this.tips[this.current === 'eraser' ? 'eraser' : 'brush']);
  /** Picture pixels. */
  readonly radiusPx = $derived(Math.max(0.5, this.#tip.size * this.#longSidePx));
  readonly hardness = $derived(this.#tip.hardness);
  readonly opacity = $derived(this.#tip.opacity);
  readonly maxRadiusPx = $derived(Math.max(8, this.#longSidePx * MAX_SIZE));

  show({ width, height }: Extent): void {
    this.#longSidePx = Math.max(width, height);
  }

  setRadius(radiusPx: number): void {
    this.#set({ size: clamp(radiusPx / this.#longSidePx, 0.5 / this.#longSidePx, MAX_SIZE) });
  }

  setHardness(hardness: number): void {
    this.#set({ hardness: clamp(hardness, 0, 1) });
  }

  setOpacity(opacity: number): void {
    this.#set({ opacity: clamp(opacity, MIN_OPACITY, 1) });
  }

  resize(direction: 1 | -1): void {
    this.setRadius(this.radiusPx * SIZE_STEP ** direction);
  }

  harden(direction: 1 | -1): void {
    this.setHardness(Math.round((this.hardness + direction * HARDNESS_STEP) * 100) / 100);
  }

  setCombine(tool: ShapeTool, combine: Combine): void {
    this.combine = { ...this.combine, [tool]: combine };
  }

  /** Exchanges adding and taking away: brush for eraser, or what the shape in hand does. */
  swap(): void {
    const { current } = this;
    if (isBrush(current)) this.current = current === 'brush' ? 'eraser' : 'brush';
    else if (isShape(current))
      this.setCombine(current, this.combine[current] === 'subtract' ? 'add' : 'subtract');
    else if (current === 'click') this.correction = this.correction === 'subtract' ? 'add' : 'subtract';
  }

  /** Puts the tool in hand back to what it was set to at first. */
  reset(): void {
    const { current } = this;
    if (isShape(current)) this.setCombine(current, 'add');
    else if (current === 'click') this.correction = 'add';
    else this.#set(DEFAULT_TIP);
  }

  #set(patch: Partial<TipSettings>): void {
    const tool = this.current === 'eraser' ? 'eraser' : 'brush';
    this.tips = { ...this.tips, [tool]: { ...this.tips[tool], ...patch } };
  }
}

const SAVE_DELAY_MS = 500;

/** Brings back and keeps brush settings. Must run while a component is being set up. */
export function rememberTools(tools: ToolState): void {
  let loaded = $state.raw(false);
  void get(KEY)
    .catch(() => undefined)
    .then((stored: unknown) => {
      const parsed = v.safeParse(tipsSchema, stored);
      if (parsed.success) tools.tips = parsed.output;
      loaded = true;
    });
  $effect(() => {
    const { tips } = tools;
    if (!loaded) return undefined;
    const timer = setTimeout(() => void set(KEY, tips).catch(() => undefined), SAVE_DELAY_MS);
    return () => clearTimeout(timer);
  });
}
