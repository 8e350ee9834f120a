import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How one answer misbehaves. */
export interface Misbehaviour {
  /** Bytes of the body after which the connection is cut. */
  readonly cutAfter?: number;
  /** Answers 200 with everything whatever range is asked for. */
  readonly ignoreRange?: boolean;
  /** Serves this content from now on, under another ETag. */
  readonly content?: Uint8Array<ArrayBuffer>;
  /** Flips a bit of the file's byte at this offset in this answer. */
  readonly flipAt?: number;
  /** Says the file has so many bytes. */
  readonly claimedLength?: number;
  /** Sends the headers and some bytes, then nothing. */
  readonly stallAfter?: number;
  readonly status?: number;
  readonly etag?: string | null;
}

/** A file server on this machine that misbehaves as `plan` says, and counts what it sends. */
export class DownloadServer {
  content: Uint8Array<ArrayBuffer>;
  version = 1;
  sentBytes = 0;
  readonly requests: { readonly url: string; readonly headers: IncomingMessage['headers'] }[] = [];
  plan: (request: number) => Misbehaviour = () => ({});
  /** Answers a request itself and says so. */
  route: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;
  #port = 0;

  private constructor(content: Uint8Array<ArrayBuffer>) {
    this.content = content;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(content: Uint8Array<ArrayBuffer>): Promise<DownloadServer> {
    const server = new DownloadServer(content);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return `${this.origin}/model.safetensors`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push({ url: request.url ?? '', headers: request.headers });
    if (this.route(request, response)) return;
    const misbehaviour = this.plan(this.requests.length - 1);
    if (misbehaviour.content) {
      this.content = misbehaviour.content;
      this.version++;
    }
    if (misbehaviour.status) response.writeHead(misbehaviour.status).end();
    else this.serve(request, response, misbehaviour);
  }

  serve(request: IncomingMessage, response: ServerResponse, misbehaviour: Misbehaviour): void {
    const etag = misbehaviour.etag === undefined ? `"v${this.version}"` : misbehaviour.etag;
    const total = misbehaviour.claimedLength ?? this.content.length;
    const range = this.#range(request, etag, misbehaviour);
    const [begin, end] = range ?? [0, total];
    const headers: Record<string, string | number> = { 'Content-Length': end - begin };
    if (etag !== null) headers['ETag'] = etag;
    if (range) headers['Content-Range'] = `bytes ${begin}-${end - 1}/${total}`;
    response.writeHead(range ? 206 : 200, headers);
    const body = this.content.slice(begin, Math.min(end, this.content.length));
    const { flipAt } = misbehaviour;
    if (flipAt !== undefined && flipAt >= begin && flipAt < begin + body.length) body[flipAt - begin]! ^= 4;
    const sent = body.subarray(
      0,
      Math.min(misbehaviour.cutAfter ?? Infinity, misbehaviour.stallAfter ?? Infinity),
    );
    this.sentBytes += sent.length;
    // Cuts come after the bytes have left, so that what is sent is what arrives.
    if (misbehaviour.stallAfter !== undefined) response.write(sent);
    else if (misbehaviour.cutAfter !== undefined) response.write(sent, () => response.destroy());
    else response.end(sent);
  }

  #range(
    request: IncomingMessage,
    etag: string | null,
    misbehaviour: Misbehaviour,
  ): readonly [number, number] | null {
    const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const condition = request.headers['if-range'];
    if (!match || misbehaviour.ignoreRange || (condition !== undefined && condition !== etag)) return null;
    const end = match[2] ? Number(match[2]) + 1 : this.content.length;
    return [Number(match[1]), Math.min(end, this.content.length)];
  }
}
