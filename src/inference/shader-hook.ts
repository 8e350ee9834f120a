import { SUMMING_KERNELS, type KernelLine, type SummingKernel } from './shader-kernels.ts';

/**
 * onnxruntime-web 1.30.0 adds up 16-bit products in 16 bits: a sum of 4096 ones is 2048, and a partial sum beyond 65504
 * makes the result infinite (spec/onnxruntime-web.md §3.4). The runtime has no switch for it, so the shaders it hands to
 * this device are rewritten: products and sums in f32, operands and results in f16 as before.
 *
 * A shader is only touched if every line of a known kernel is there as often as it must be; another version's stays as
 * it is, and `probeHalfPrecision` then finds that 16-bit networks cannot be trusted here. Call it before the first
 * session on the device.
 */
export function accumulateInFloat32(device: GPUDevice): void {
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) =>
    create({ ...descriptor, code: withFloat32Sums(descriptor.label ?? '', descriptor.code) });
}

/** The shader's text with its sums in f32; the same text where it is of no kernel known to sum in f16. */
export function withFloat32Sums(label: string, code: string): string {
  if (!/^enable f16;/m.test(code)) return code;
  for (const kernel of SUMMING_KERNELS) {
    const rewritten = kernel.labels.includes(label) ? rewrite(kernel, code) : null;
    if (rewritten !== null) return rewritten;
  }
  return code;
}

function rewrite({ sum, names, lines }: SummingKernel, code: string): string | null {
  const type = [...code.matchAll(sum)][0]?.[1];
  if (type === undefined || !isHalf(type, code) || !lines.every((line) => fits(line, code))) return null;
  const rest = lines.reduce((text, { find }) => text.replace(find, ''), code);
  if (names.some((name) => new RegExp(`\\b${name}\\b`).test(rest))) return null;
  return lines.reduce(
    (text, { find, replace }) => text.replace(find, replace.replaceAll('TYPE', type)),
    code,
  );
}

/** The operands' type is an alias of f16: other kernels already mix precisions. */
function isHalf(type: string, code: string): boolean {
  return code.includes(`alias ${type} = f16;`);
}

function fits({ find, optional }: KernelLine, code: string): boolean {
  const count = [...code.matchAll(find)].length;
  return count === 1 || (count === 0 && optional === true);
}
