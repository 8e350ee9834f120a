/**
 * Colours for amounts: black for nothing, then from dark violet over red and orange to pale yellow. Lightness of OKLab
 * rises evenly, so that equal steps of the amount look equal (Ottosson 2020, "A perceptual color space for image
 * processing").
 */
export type HeatColour = readonly [red: number, green: number, blue: number];

/** Entries of the ramp: one for every difference of 8-bit values. */
export const HEAT_STEPS = 256;

/** Of the smallest amount: what differs at all can be told from black. */
const DARKEST = 0.2;
const LIGHTEST = 0.94;
const FIRST_HUE = 300;
const LAST_HUE = 100;
const CHROMA = 0.19;

/** {@link HEAT_STEPS} sRGB colours, 0 to 255, the first of them black. */
export const HEAT_RAMP: readonly HeatColour[] = Array.from({ length: HEAT_STEPS }, (_, i) =>
  heatColour(i / (HEAT_STEPS - 1)),
);

/** @param amount 0 to 1. */
function heatColour(amount: number): HeatColour {
  if (amount === 0) return [0, 0, 0];
  // Hues run from violet through red, i.e. over 360°; black and white have no room for chroma.
  const hue = ((FIRST_HUE + amount * (360 + LAST_HUE - FIRST_HUE)) * Math.PI) / 180;
  const chroma = CHROMA * Math.sin(Math.PI * (0.15 + 0.78 * amount) ** 0.8);
  const lightness = DARKEST + (LIGHTEST - DARKEST) * amount;
  return srgbFromOklab(lightness, chroma * Math.cos(hue), chroma * Math.sin(hue));
}

/** OKLab to 8-bit sRGB, cut to the gamut. */
export function srgbFromOklab(lightness: number, a: number, b: number): HeatColour {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function encoded(linear: number): number {
  const value = Math.min(1, Math.max(0, linear));
  const curved = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  return Math.round(255 * curved);
}
