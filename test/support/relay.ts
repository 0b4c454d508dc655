/** Stands between a client and a server, at one address that stays: lets through, answers 500 in its place, or is not there. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #isBroken = false;

  constructor(to: string) {
    const { hostname, port } = new URL(to);
    this.#server = createServer((socket) => {
      this.#keep(socket);
      if (this.#isBroken) return this.#refuse(socket);
      const upstream = connect(Number(port), hostname);
      this.#keep(upstream);
      socket.pipe(upstream).pipe(socket);
      socket.on("close", () => upstream.destroy());
      upstream.on("close", () => socket.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Or begins again, at the same address. */
  async start(): Promise<this> {
    this.#isBroken = false;
    this.#cut();
    if (this.#server.listening) return this;
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Connections are refused from now on. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#cut();
    await closed;
  }

  /** Every call is answered with a server error from now on. */
  break(): void {
    this.#isBroken = true;
    this.#cut();
  }

  #refuse(socket: Socket): void {
    socket.once("data", () => {
      socket.end("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => this.#sockets.delete(socket));
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
