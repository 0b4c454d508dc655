/** A mail server: smtp-server (of nodemailer's authors) over STARTTLS, with a way to let each step of RFC 5321 go wrong. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { type Certificate, makeCertificate } from "../tls-certificate.ts";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | null;
  readonly secure: boolean;
  /** As it came. */
  readonly source: string;
}

/** The step that is refused, and the answer to it. */
export interface MailTrouble {
  readonly step: "connect" | "auth" | "from" | "to" | "data";
  readonly responseCode: number;
  readonly words: string;
}

export interface MailServerOptions {
  readonly user?: string;
  readonly password?: string;
  readonly tls?: "starttls" | "implicit" | "none";
}

export class MailServer implements AsyncDisposable {
  readonly mails: ReceivedMail[] = [];
  readonly certificate: Certificate = makeCertificate("localhost");
  /** For the next call. */
  trouble: MailTrouble | "hang" | undefined;
  /** How many connections came. */
  connected = 0;
  /** Addresses that are not taken. */
  readonly unknown = new Set<string>();
  readonly #server: SMTPServer;
  #arrived = Promise.withResolvers<void>();

  constructor({ user, password, tls = "starttls" }: MailServerOptions = {}) {
    const options: SMTPServerOptions = {
      ...this.certificate,
      secure: tls === "implicit",
      disableReverseLookup: true,
      disabledCommands: [...(tls === "starttls" ? [] : ["STARTTLS"]), ...(user === undefined ? ["AUTH"] : [])],
      allowInsecureAuth: tls === "none",
      authOptional: user === undefined,
      closeTimeout: 10,
      logger: false,
    };
    this.#server = new SMTPServer({
      ...options,
      onConnect: (_, done) => this.#step("connect", done),
      onAuth: ({ username, password: given }, _, done) =>
        this.#step("auth", (error) => {
          if (error !== undefined) return done(error);
          const isRight = username === user && given === password;
          return isRight ? done(null, { user: username ?? "" }) : done(answer(535, "5.7.8 Authentication failed"));
        }),
      onMailFrom: (_, __, done) => this.#step("from", done),
      onRcptTo: ({ address }, _, done) => {
        if (this.unknown.has(address)) return done(answer(550, "5.1.1 No such user here"));
        return this.#step("to", done);
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          this.#step("data", (error) => {
            if (error !== undefined) return done(error);
            const { mailFrom, rcptTo } = session.envelope;
            const from = mailFrom === false ? "" : mailFrom.address;
            const to = rcptTo.map(({ address }) => address);
            const by = typeof session.user === "string" ? session.user : null;
            this.mails.push({ from, to, user: by, secure: session.secure, source: Buffer.concat(chunks).toString() });
            return done();
          });
        });
      },
    });
    this.#server.on("error", () => {});
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server.server, "listening");
    return this;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  /** Resolves when no connection is open. */
  async idle(): Promise<void> {
    const open = (): Promise<number> =>
      new Promise((resolve) => this.#server.server.getConnections((_, count) => resolve(count)));
    while ((await open()) > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The next connection came. */
  get arrival(): Promise<void> {
    return this.#arrived.promise;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #step(step: MailTrouble["step"], done: (error?: Error) => void): void {
    if (step === "connect") {
      this.connected += 1;
      this.#arrived.resolve();
      this.#arrived = Promise.withResolvers<void>();
    }
    const { trouble } = this;
    if (trouble === "hang") return;
    if (trouble?.step !== step) return done();
    this.trouble = undefined;
    done(answer(trouble.responseCode, trouble.words));
  }
}

function answer(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}

export interface RawServer {
  readonly port: number;
  /** A connection came. */
  readonly arrival: Promise<void>;
  close(): Promise<void>;
}

/** Listens, and says what it is given to whoever connects; null: nothing. */
export async function rawServer(greeting: string | null): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const arrived = Promise.withResolvers<void>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (greeting !== null) socket.end(greeting);
    arrived.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    arrival: arrived.promise,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
