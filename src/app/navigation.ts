/** What the wheel does over the picture: habits of other programs as data (spec/reliability-ux.md §5, Zoom/pan). */
export type WheelAction = 'zoom' | 'scroll' | 'scroll-across' | 'brush-size';

export interface NavigationPreset {
  readonly plain: WheelAction;
  readonly ctrl: WheelAction;
  readonly shift: WheelAction;
  readonly alt: WheelAction;
  /** Ctrl+Space holds the zoom tool. */
  readonly zoomTool: boolean;
}

export const NAVIGATION = {
  /** The studio's own, as in InvokeAI: the wheel zooms at the pointer; Ctrl sizes the brush, as in A1111. */
  studio: { plain: 'zoom', ctrl: 'brush-size', shift: 'scroll-across', alt: 'zoom', zoomTool: false },
  /** Photoshop and Photopea: the wheel scrolls, Ctrl sideways, Alt zooms. */
  photoshop: { plain: 'scroll', ctrl: 'scroll-across', shift: 'scroll-across', alt: 'zoom', zoomTool: true },
} as const satisfies Record<string, NavigationPreset>;

export type NavigationName = keyof typeof NAVIGATION;

export function isNavigationName(name: unknown): name is NavigationName {
  return typeof name === 'string' && Object.hasOwn(NAVIGATION, name);
}

/** What of a wheel event counts. */
export interface WheelInput {
  readonly deltaX: number;
  readonly deltaY: number;
  /** 0: pixels, 1: lines. */
  readonly deltaMode: number;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  /** Two fingers on a touchpad: browsers say so by ctrlKey without the key being held. */
  readonly pinch: boolean;
}

/** What a turn of the wheel asks for. */
export type WheelWish =
  | { readonly kind: 'zoom'; readonly factor: number }
  | { readonly kind: 'pan'; readonly x: number; readonly y: number }
  | { readonly kind: 'brush-size'; readonly direction: 1 | -1 };

const LINE_PX = 16;
/** Natural logarithm of the zoom per pixel of wheel travel; fingers travel less. */
const WHEEL_SPEED = 0.0016;
const PINCH_SPEED = 0.01;
/** One event never zooms by more than e to this. */
const MOST = 0.6;

export function wheelWish(name: NavigationName, input: WheelInput): WheelWish {
  const unit = input.deltaMode === 1 ? LINE_PX : 1;
  const [x, y] = [input.deltaX * unit, input.deltaY * unit];
  // With Shift held some platforms report a vertical wheel as a horizontal one.
  const along = y === 0 ? x : y;
  if (input.pinch) return zoom(along, PINCH_SPEED);
  const action = actionOf(NAVIGATION[name], input);
  if (action === 'zoom') return zoom(along, WHEEL_SPEED);
  if (action === 'scroll') return { kind: 'pan', x: -x, y: -y };
  if (action === 'scroll-across') return { kind: 'pan', x: -along, y: 0 };
  return { kind: 'brush-size', direction: along < 0 ? 1 : -1 };
}

function actionOf(preset: NavigationPreset, { ctrlKey, shiftKey, altKey }: WheelInput): WheelAction {
  if (altKey) return preset.alt;
  if (ctrlKey) return preset.ctrl;
  return shiftKey ? preset.shift : preset.plain;
}

function zoom(delta: number, speed: number): WheelWish {
  return { kind: 'zoom', factor: Math.exp(Math.min(MOST, Math.max(-MOST, -delta * speed))) };
}
