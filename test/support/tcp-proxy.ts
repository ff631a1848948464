import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from 'node:net';

/** What a proxy does with what it is sent. */
export type ProxyMode =
  /** Passes it on. */
  | 'forward'
  /** Accepts connections and bytes, and answers nothing, as a network that lost its way does. */
  | 'swallow'
  /** Passes the next question on, and cuts the connection when the answer is there. */
  | 'cut-answer';

/** A proxy between a client and a server of this machine, for tests of what a network does. */
export class TcpProxy {
  mode: ProxyMode = 'forward';
  readonly #server;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.#server = createServer((client) => this.#connect(client, tcpConnect(port, '127.0.0.1')));
  }

  static async start(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client: Socket, server: Socket): void {
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (this.mode !== 'swallow') server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (this.mode === 'forward') client.write(bytes);
      if (this.mode !== 'cut-answer') return;
      this.mode = 'forward';
      client.destroy();
    });
  }
}
