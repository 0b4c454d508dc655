import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { RenewdError } from "../../src/core/errors.ts";
import type { HttpClient, HttpOptions, HttpRequest, HttpResponse } from "../../src/core/ports.ts";
import { createHttpClient } from "../../src/runtime/http-client.ts";
import { limitsCountFrom } from "../support/late-limits.ts";
import { makeCertificate } from "../support/tls-certificate.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function listen(server: TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => void sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function serve(handler: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(handler))}`;
}

function client(options: Partial<HttpOptions> = {}): HttpClient {
  const made = createHttpClient({ timeoutMs: 5_000, maxResponseBytes: 1_000, ...options });
  closers.push(() => made.close());
  return made;
}

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { call: "look", method: "GET", url, signal: new AbortController().signal, ...more };
}

async function failure(promise: Promise<unknown>): Promise<RenewdError> {
  return promise.then(
    () => expect.fail("it succeeded"),
    (error: unknown) => error as RenewdError,
  );
}

async function readAll(client_: HttpClient, asked: HttpRequest): Promise<string> {
  return (await client_.send(asked)).text();
}

describe("an answer", () => {
  it("has its status, headers, cookies and text, whatever the status", async () => {
    const url = await serve((_, response) => {
      response.writeHead(418, { "X-One": "1", Vary: ["a", "b"], "Set-Cookie": ["s=1; Path=/", "t=2"] });
      response.end("I'm a teapot ☕");
    });
    const answer: HttpResponse = await client().send(request(url));
    expect([
      answer.status,
      answer.header("x-one"),
      answer.header("X-ONE"),
      answer.header("vary"),
      answer.header("no"),
    ]).toEqual([418, "1", "1", "a, b", null]);
    expect(answer.setCookies).toEqual(["s=1; Path=/", "t=2"]);
    expect(await answer.text()).toBe("I'm a teapot ☕");
  });

  it("comes to what was sent: method, path, query, headers and body, once, on a connection of its own", async () => {
    const seen: [IncomingMessage, string][] = [];
    const url = await serve((incoming, response) => {
      let body = "";
      incoming
        .on("data", (chunk) => (body += String(chunk)))
        .on("end", () => {
          seen.push([incoming, body]);
          response.end();
        });
    });
    await readAll(client(), request(`${url}/a/b?c=d`, { method: "POST", headers: { "x-a": "b" }, body: "{}" }));
    expect(seen).toHaveLength(1);
    const [incoming, body] = seen[0]!;
    expect([incoming.method, incoming.url, body]).toEqual(["POST", "/a/b?c=d", "{}"]);
    expect(incoming.headers).toMatchObject({ "x-a": "b", connection: "close", "accept-encoding": "identity" });
  });

  it("that redirects is answered as it is", async () => {
    let calls = 0;
    const url = await serve((_, response) => {
      calls += 1;
      response.writeHead(302, { location: "/elsewhere" }).end();
    });
    const answer = await client().send(request(url));
    expect([answer.status, answer.header("location"), await answer.text(), calls]).toEqual([302, "/elsewhere", "", 1]);
  });

  it("may be as large as the limit and no larger, counted while it comes", async () => {
    const url = await serve((incoming, response) => {
      response.write("x".repeat(Number(incoming.url?.slice(1))));
      // The rest never comes: a client that counts only at the end would wait for it.
      if (incoming.url === "/1000") response.end();
    });
    expect(await readAll(client(), request(`${url}/1000`))).toHaveLength(1_000);
    expect(await failure(readAll(client(), request(`${url}/1001`)))).toMatchObject({
      code: "issuer_answer_too_large",
      sent: true,
    });
  });

  it("that is compressed all the same is not unpacked, so the limit holds for a gzip bomb too", async () => {
    const bomb = gzipSync("x".repeat(500_000));
    const url = await serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    const answer = await client().send(request(url));
    let size = 0;
    for await (const chunk of answer.body) size += chunk.length;
    expect(size).toBe(bomb.length);
  });

  it("with headers beyond all measure is refused", async () => {
    const url = await serve((_, response) => response.writeHead(200, { "x-big": "x".repeat(100_000) }).end());
    expect(await failure(client().send(request(url)))).toMatchObject({ code: "issuer_answer_too_large" });
  });

  it("that is not HTTP is told as such", async () => {
    const port = await listen(
      createTcpServer((socket) => socket.once("data", () => socket.write("SSH-2.0-OpenSSH_9.6\r\n"))),
    );
    const error = await failure(client().send(request(`http://127.0.0.1:${port}`)));
    expect(error).toMatchObject({ code: "issuer_answer_invalid", sent: true });
    // undici's own error quotes what came, and that may hold a token.
    expect(error.cause).toBeUndefined();
  });
});

describe("the time limit", () => {
  it("ends a call that never gets an answer; it was sent", async () => {
    const came = Promise.withResolvers<void>();
    const url = await serve(() => came.resolve());
    using _ = limitsCountFrom(came.promise);
    expect(await failure(client({ timeoutMs: 100 }).send(request(url)))).toMatchObject({
      code: "issuer_timeout",
      sent: true,
    });
  });

  it("counts for the whole call: a body that drips does not win time with each drop", async () => {
    const came = Promise.withResolvers<void>();
    const url = await serve((_, response) => {
      const drip = setInterval(() => response.write("x", () => came.resolve()), 20);
      response.on("close", () => clearInterval(drip));
    });
    using _ = limitsCountFrom(came.promise);
    const answer = await client({ timeoutMs: 200 }).send(request(url));
    expect(await failure(answer.text())).toMatchObject({ code: "issuer_timeout", sent: true });
  });

  it("ends a TLS handshake that hangs; nothing was sent", async () => {
    const port = await listen(createTcpServer(() => undefined));
    const error = await failure(client({ timeoutMs: 100 }).send(request(`https://127.0.0.1:${port}`)));
    expect(error).toMatchObject({ code: "issuer_unreachable", sent: false });
  });
});

describe("a call that is called off", () => {
  it("before it begins sends nothing", async () => {
    let calls = 0;
    const url = await serve((_, response) => response.end(String((calls += 1))));
    const error = await failure(client().send(request(url, { signal: AbortSignal.abort() })));
    expect([error.code, error.sent, calls]).toEqual(["issuer_timeout", false, 0]);
  });

  it("under way counts as sent", async () => {
    const caller = new AbortController();
    const url = await serve(() => caller.abort());
    expect(await failure(client().send(request(url, { signal: caller.signal })))).toMatchObject({
      code: "issuer_timeout",
      sent: true,
    });
  });

  it("while its body comes stops the body", async () => {
    const caller = new AbortController();
    const url = await serve((_, response) => response.write("half"));
    const answer = await client().send(request(url, { signal: caller.signal }));
    const read = failure(answer.text());
    caller.abort();
    expect(await read).toMatchObject({ code: "issuer_timeout", sent: true });
  });
});

describe("a connection", () => {
  it("that is refused sent nothing", async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await failure(client().send(request(`http://127.0.0.1:${port}/path?token=canary`)));
    expect(error).toMatchObject({ code: "issuer_unreachable", sent: false });
    expect(error.message).toBe(`look: 127.0.0.1:${port}: no connection (ECONNREFUSED)`);
  });

  it("to a name that does not exist sent nothing", async () => {
    const error = await failure(client().send(request("http://renewd.invalid/")));
    expect(error).toMatchObject({ code: "issuer_unreachable", sent: false });
  });

  it.each([
    ["before the answer", (socket: Socket) => socket.destroy()],
    ["after half a header", (socket: Socket) => void socket.end("HTTP/1.1 200 O")],
  ])("that is reset %s leaves it open whether the call was carried out", async (_, reset) => {
    const port = await listen(createTcpServer((socket) => socket.once("data", () => reset(socket))));
    const asked = request(`http://127.0.0.1:${port}`, { method: "POST", body: "{}" });
    const error = await failure(client().send(asked));
    expect(error.sent).toBe(true);
    expect(["issuer_unreachable", "issuer_answer_invalid"]).toContain(error.code);
  });

  it("that is reset within the body throws where the body is read", async () => {
    const port = await listen(
      createTcpServer((socket) =>
        socket.once("data", () =>
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", () => socket.destroy()),
        ),
      ),
    );
    const answer = await client().send(request(`http://127.0.0.1:${port}`));
    expect(await failure(answer.text())).toMatchObject({ code: "issuer_unreachable", sent: true });
  });
});

describe("TLS", () => {
  const certificate = makeCertificate("localhost");

  async function serveTls(): Promise<number> {
    return listen(createTlsServer(certificate, (_, response) => response.end("safe")));
  }

  it("refuses an authority that nobody vouched for; nothing was sent", async () => {
    const error = await failure(client().send(request(`https://localhost:${await serveTls()}`)));
    expect(error).toMatchObject({ code: "issuer_tls", sent: false });
  });

  it("takes the private authority that was given", async () => {
    const port = await serveTls();
    expect(await readAll(client({ ca: certificate.cert }), request(`https://localhost:${port}`))).toBe("safe");
  });

  it("goes on trusting what Node trusts besides the private authority", async () => {
    const port = await listen(createTlsServer(certificate, (_, response) => response.end("safe")));
    const folder = await mkdtemp(join(tmpdir(), "renewd-tls-"));
    closers.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "extra.pem"), certificate.cert);
    const source = `
      const { createHttpClient } = await import(${JSON.stringify(new URL("../../src/runtime/http-client.ts", import.meta.url).href)});
      const client = createHttpClient({ timeoutMs: 5000, maxResponseBytes: 100, ca: ${JSON.stringify(makeCertificate("x").cert)} });
      const answer = await client.send({ call: "look", method: "GET", url: "https://localhost:${port}", signal: new AbortController().signal });
      process.stdout.write(await answer.text());`;
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, "extra.pem") };
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source], { env });
    expect(stdout).toBe("safe");
  });

  it("refuses a certificate for another name", async () => {
    const error = await failure(
      client({ ca: certificate.cert }).send(request(`https://127.0.0.1:${await serveTls()}`)),
    );
    expect(error).toMatchObject({ code: "issuer_tls", sent: false });
  });

  it("refuses to speak to a server without TLS", async () => {
    const url = await serve((_, response) => response.end());
    const error = await failure(client().send(request(url.replace("http:", "https:"))));
    expect(error).toMatchObject({ code: "issuer_tls", sent: false });
  });

  it("says at once when the authority is no certificate", () => {
    expect(() => client({ ca: "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n" })).toThrow(
      expect.objectContaining({ code: "issuer_tls", sent: false }),
    );
    expect(() => client({ ca: "nonsense" })).toThrow(expect.objectContaining({ code: "issuer_tls" }));
  });
});

describe("a proxy", () => {
  const certificate = makeCertificate("localhost");

  interface Proxy {
    readonly url: string;
    readonly asked: string[];
  }

  /** Tunnels by CONNECT and forwards absolute-form requests (RFC 9112 §3.2.2), for `user:secret` only. */
  async function startProxy(): Promise<Proxy> {
    const asked: string[] = [];
    const allowed = (incoming: IncomingMessage): boolean =>
      incoming.headers["proxy-authorization"] === `Basic ${Buffer.from("user:secret").toString("base64")}`;
    const proxy: Server = createServer((incoming, response) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      response.writeHead(allowed(incoming) ? 200 : 407).end("forwarded");
    });
    proxy.on("connect", (incoming, socket, head) => {
      asked.push(`CONNECT ${incoming.url}`);
      if (!allowed(incoming)) return void socket.end("HTTP/1.1 407 No\r\n\r\n");
      const [host, port] = (incoming.url ?? "").split(":");
      const onward = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
      onward.on("error", () => socket.destroy());
    });
    return { url: `http://user:secret@127.0.0.1:${await listen(proxy)}`, asked };
  }

  it("tunnels https, and the private authority counts inside the tunnel", async () => {
    const proxy = await startProxy();
    const port = await listen(createTlsServer(certificate, (_, response) => response.end("safe")));
    const through = client({ proxy: proxy.url, ca: certificate.cert });
    expect(await readAll(through, request(`https://localhost:${port}`))).toBe("safe");
    expect(proxy.asked).toEqual([`CONNECT localhost:${port}`]);
    expect(await failure(client({ proxy: proxy.url }).send(request(`https://localhost:${port}`)))).toMatchObject({
      code: "issuer_tls",
      sent: false,
    });
  });

  it("forwards http", async () => {
    const proxy = await startProxy();
    expect(await readAll(client({ proxy: proxy.url }), request("http://flowauth.invalid/x"))).toBe("forwarded");
    expect(proxy.asked).toEqual(["GET http://flowauth.invalid/x"]);
  });

  it.each(["https", "http"])("that refuses us is told without its password (%s)", async (scheme) => {
    const proxy = await startProxy();
    const wrong = client({ proxy: proxy.url.replace("secret", "canary") });
    const error = await failure(wrong.send(request(`${scheme}://flowauth.invalid/x`)));
    expect(error.code).toBe("issuer_unreachable");
    expect(error.message).not.toContain("canary");
    expect(error.message).toContain("407");
  });

  it("that cannot be reached sent nothing", async () => {
    const error = await failure(client({ proxy: "http://127.0.0.1:1" }).send(request("https://flowauth.invalid/x")));
    expect(error).toMatchObject({ code: "issuer_unreachable", sent: false });
  });
});
