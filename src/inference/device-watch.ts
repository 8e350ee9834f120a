/**
 * A device that reports its failures elsewhere: a buffer for which there was no memory is merely invalid, and a lost
 * device goes on as if nothing were, so that what was done would be taken for a success.
 */
export class DeviceWatch {
  readonly #device: GPUDevice;
  #lost: GPUDeviceLostInfo | null = null;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then((info) => (this.#lost = info));
  }

  /** @throws Error saying that the device was lost or is out of memory, or what the work itself throws. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#device.pushErrorScope('out-of-memory');
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.#popScope();
      throw error;
    }
    // The answer comes after everything before it, the news of a loss included.
    const error = await this.#popScope();
    if (this.#lost) throw new Error(`device lost: ${this.#lost.message}`);
    if (error) throw new Error(`out of memory: ${error.message}`);
    return result;
  }

  /** A lost device may reject instead of answering. */
  #popScope(): Promise<GPUError | null> {
    return this.#device.popErrorScope().catch(() => null);
  }
}
