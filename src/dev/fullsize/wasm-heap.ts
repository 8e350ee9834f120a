/**
 * Remembers every WebAssembly memory made from now on. @returns the bytes of all of them together.
 * The runtime keeps its heap to itself, so this has to come before the runtime is loaded.
 */
export function watchWasmHeap(): () => number {
  const memories: WebAssembly.Memory[] = [];
  class WatchedMemory extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  }
  WebAssembly.Memory = WatchedMemory;
  return () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
