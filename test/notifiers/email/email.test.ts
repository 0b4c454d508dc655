import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Alert } from "../../../src/core/alert.ts";
import { RenewdError } from "../../../src/core/errors.ts";
import { email } from "../../../src/notifiers/email/index.ts";
import { notifierContract } from "../../contracts/notifier.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { alertNamed, NEVER, openAlerts, over } from "../../support/notifiers/alerts.ts";
import { MailServer, type MailTrouble, rawServer, type ReceivedMail } from "../../support/notifiers/mail-server.ts";
import { makeCertificate } from "../../support/tls-certificate.ts";

const PASSWORD = "hunter2-of-the-mail-server";
const ADDRESSES = { from: "renewd@example.org", to: ["ops@example.org", "data@example.org"] };

/** The step at which each goes wrong, and with what; the words repeat what was sent, as servers may. */
const REFUSALS: Readonly<Record<string, MailTrouble>> = {
  "a greeting of 421": { step: "connect", responseCode: 421, words: "4.3.2 shutting down" },
  "a greeting of 554": { step: "connect", responseCode: 554, words: "5.7.1 go away" },
  "sign-in refused": { step: "auth", responseCode: 535, words: `5.7.8 no: ${PASSWORD}` },
  "sign-in out of order": { step: "auth", responseCode: 454, words: "4.7.0 Temporary authentication failure" },
  "sender refused": { step: "from", responseCode: 553, words: "5.1.8 not this sender" },
  "sign-in wanted": { step: "from", responseCode: 530, words: "5.7.0 Authentication required" },
  "recipients put off": { step: "to", responseCode: 450, words: "4.2.0 greylisted" },
  "recipients refused": { step: "to", responseCode: 550, words: "5.1.1 nobody" },
  "message put off": { step: "data", responseCode: 452, words: "4.3.1 disk full" },
  "message refused": { step: "data", responseCode: 554, words: `5.6.0 spam ${"x ".repeat(300)}` },
};

notifierContract(
  "mail",
  {
    capabilities: { resendMs: null, keepsUntilEnd: false, batchMax: 50, intervalMs: 0 },
    failures: {
      "a greeting of 421": ["channel_error", "soon"],
      "a greeting of 554": ["channel_refused", "person"],
      "sign-in refused": ["channel_credentials", "person"],
      "sign-in out of order": ["channel_error", "soon"],
      "sender refused": ["channel_refused", "person"],
      "sign-in wanted": ["channel_credentials", "person"],
      "recipients put off": ["channel_error", "soon"],
      "recipients refused": ["channel_refused", "person"],
      "message put off": ["channel_error", "soon"],
      "message refused": ["channel_refused", "person"],
    },
  },
  async () => {
    const server = await new MailServer({ user: "renewd", password: PASSWORD }).start();
    return {
      type: email,
      options: {
        url: `smtp://localhost:${server.port}`,
        user: "renewd",
        password: { env: "PASSWORD" },
        ca: { file: "ca.pem" },
        ...ADDRESSES,
        to: ["ops@example.org"],
      },
      secrets: { PASSWORD, "ca.pem": server.certificate.cert },
      told: () =>
        server.mails.map((mail) => ({
          key: headerOf(mail, "References") ?? headerOf(mail, "Message-ID"),
          same: headerOf(mail, "Message-ID"),
          status: headerOf(mail, "Subject")?.includes("RESOLVED") === true ? "resolved" : "firing",
          text: `${headerOf(mail, "Subject")}\n${partOf(mail, "text/plain")}`,
        })),
      calls: () => server.connected,
      payloads: () => server.mails.map(({ source }) => source),
      fail: (failure) => void (server.trouble = REFUSALS[failure]),
      hang: () => {
        server.trouble = "hang";
        return server.arrival;
      },
      close: () => server.close(),
    };
  },
);

describe("mail", () => {
  let server: MailServer;
  let clock: FakeClock;

  beforeEach(async () => {
    clock = new FakeClock();
    server = await new MailServer({ tls: "none" }).start();
  });

  afterEach(() => server.close());

  const open = (options: Readonly<Record<string, unknown>> = {}, secrets: Readonly<Record<string, string>> = {}) =>
    openAlerts(email, { url: `smtp://127.0.0.1:${server.port}`, ...ADDRESSES, ...options }, { clock, secrets });
  const send = async (...alerts: readonly Alert[]): Promise<ReceivedMail> => {
    await open().notify(alerts, NEVER);
    const mail = server.mails.at(-1);
    if (mail === undefined) throw new TypeError("no mail came");
    return mail;
  };

  it("says in its subject how grave it is, whom it concerns and until when, and is marked as made by a machine", async () => {
    const mail = await send(alertNamed("airflow-flowapi"));
    const until = "readers from 02:45Z, in 1 h 12 min, hold too short a token";
    const subject = `[renewd/prod] CRITICAL airflow-flowapi -> ireland: ${until} (target failing)`;
    expect(headerOf(mail, "Subject")).toBe(subject);
    expect(headerOf(mail, "From")).toBe('"renewd/prod" <renewd@example.org>');
    expect(headerOf(mail, "To")).toBe("ops@example.org, data@example.org");
    expect(headerOf(mail, "Auto-Submitted")).toBe("auto-generated");
    expect(headerOf(mail, "Date")).toBe("Wed, 01 Jul 2026 08:00:00 +0000");
    expect(mail.to).toEqual(ADDRESSES.to);
  });

  it("makes a thread of the mails of one incident", async () => {
    const alert = alertNamed("a");
    const first = await send(alert);
    const second = await send({ ...alert, cause: "repeated" });
    const last = await send(over(alert));
    const other = await send(alertNamed("a", { openedAt: alert.openedAt + 1 }));
    const root = headerOf(first, "Message-ID");
    expect(root).toMatch(/^<[0-9a-f]{40}@example\.org>$/);
    expect([second, last].map((mail) => headerOf(mail, "References"))).toEqual([root, root]);
    expect(new Set([first, second, last, other].map((mail) => headerOf(mail, "Message-ID"))).size).toBe(4);
    expect(headerOf(other, "References")).toBeNull();
  });

  it("puts several into one mail, the gravest first", async () => {
    const mail = await send(over(alertNamed("done")), alertNamed("mild", { severity: "warning" }), alertNamed("grave"));
    expect(headerOf(mail, "Subject")).toMatch(/^\[renewd\/prod\] 1 critical, 1 warning, 1 resolved: grave -> ireland/);
    expect(partOf(mail, "text/plain")).toMatch(/grave[\s\S]*mild[\s\S]*done/);
    expect(server.mails).toHaveLength(1);
  });

  it("lets no words from elsewhere into its headers, and escapes them in its HTML", async () => {
    const who = "a\r\nBcc: everybody@example.org\r\n\r\n<script>alert(1)</script>\"'&";
    const { lines } = alertNamed("a");
    const mail = await send(alertNamed("a", { lines: { ...lines, who } }));
    expect(mail.to).toEqual(ADDRESSES.to);
    expect(headerOf(mail, "Bcc")).toBeNull();
    expect(headerOf(mail, "Subject")).toContain("Bcc: everybody@example.org");
    const html = partOf(mail, "text/html");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
    expect(html).not.toContain("<script");
  });

  it("links only to pages", async () => {
    const mail = await send(alertNamed("a", { pageUrl: "javascript:alert(1)", runbookUrl: 'https://h/?a=1&b="2' }));
    expect(partOf(mail, "text/html")).not.toContain("javascript");
    expect(partOf(mail, "text/html")).toContain('<a href="https://h/?a=1&amp;b=&quot;2">');
  });

  it("counts as told when the server takes it for some, and says for whom it did not", async () => {
    server.unknown.add("data@example.org");
    const notifier = open();
    const error = await notifier.notify([alertNamed("a"), alertNamed("b")], NEVER).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "channel_partly", retry: "person" });
    expect((error as RenewdError).message).toBe(
      `mail: 127.0.0.1:${server.port}: taken for 1 of 2 recipients, refused for data@example.org`,
    );
    expect(server.mails.map(({ to }) => to)).toEqual([["ops@example.org"]]);
    server.unknown.clear();
    await notifier.notify([alertNamed("c")], NEVER);
    expect(server.mails.at(-1)?.to).toEqual(ADDRESSES.to);
  });

  it("names a few of many who were refused", async () => {
    const to = ["ops@example.org", ...Array.from({ length: 40 }, (_, index) => `gone-${index}@example.org`)];
    for (const address of to.slice(1)) server.unknown.add(address);
    const telling = open({ to }).notify([alertNamed("a")], NEVER);
    await expect(telling).rejects.toThrow(/taken for 1 of 41 recipients, refused for gone-0@.*gone-4@\S+ and 35 more$/);
  });

  it.each(["hangs", "says nothing"])("gives up at its time limit when the server %s", async (how) => {
    const mute = await rawServer(null);
    server.trouble = "hang";
    const port = how === "hangs" ? server.port : mute.port;
    const arrival = how === "hangs" ? server.arrival : mute.arrival;
    const telling = open({ url: `smtp://127.0.0.1:${port}`, timeout: "20s" }).notify([alertNamed("a")], NEVER);
    const settled = telling.then(
      () => null,
      (error: unknown) => error,
    );
    await arrival;
    await clock.advance(20_000);
    expect(await settled).toMatchObject({
      code: "channel_timeout",
      message: expect.stringContaining("20000 ms") as string,
    });
    expect(clock.pendingTimers).toBe(0);
    await mute.close();
  });

  it.each([
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "channel_error"],
    ["x".repeat(200_000), "channel_error"],
    ["", "channel_unreachable"],
  ])("says that what answers is no mail server: %#", async (greeting, code) => {
    const raw = await rawServer(greeting);
    const telling = open({ url: `smtp://127.0.0.1:${raw.port}` }).notify([alertNamed("a")], NEVER);
    await expect(telling).rejects.toMatchObject({ code });
    await raw.close();
  });

  it("leaves no connection open, and no timer", async () => {
    await send(alertNamed("a"));
    await expect(server.idle()).resolves.toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("mail over TLS", () => {
  const alert = alertNamed("a");
  const attempt = async (options: Readonly<Record<string, unknown>>, ca?: string) => {
    const secrets = { PASSWORD, ...(ca === undefined ? {} : { ca }) };
    const given = { ...ADDRESSES, ...(ca === undefined ? {} : { ca: { file: "ca" } }), ...options };
    const notifier = openAlerts(email, given, { secrets });
    return notifier.notify([alert], NEVER).then(
      () => "told",
      (error: unknown) => (error instanceof RenewdError ? error.code : String(error)),
    );
  };

  it("uses STARTTLS, and signs in behind it only", async () => {
    await using server = await new MailServer({ user: "renewd", password: PASSWORD }).start();
    const options = { url: `smtp://localhost:${server.port}`, user: "renewd", password: { env: "PASSWORD" } };
    expect(await attempt(options, server.certificate.cert)).toBe("told");
    expect(server.mails[0]).toMatchObject({ secure: true, user: "renewd" });
  });

  it("speaks TLS from the beginning to smtps://", async () => {
    await using server = await new MailServer({ tls: "implicit" }).start();
    expect(await attempt({ url: `smtps://localhost:${server.port}` }, server.certificate.cert)).toBe("told");
    expect(server.mails[0]?.secure).toBe(true);
  });

  it.each(["starttls", "implicit"] as const)("refuses a certificate of another authority: %s", async (tls) => {
    await using server = await new MailServer({ tls }).start();
    const url = `${tls === "implicit" ? "smtps" : "smtp"}://localhost:${server.port}`;
    expect(await attempt({ url }, makeCertificate("localhost").cert)).toBe("channel_tls");
    expect(server.mails).toEqual([]);
  });

  it("refuses a certificate of another name", async () => {
    await using server = await new MailServer({ tls: "implicit" }).start();
    const options = { url: `smtps://127.0.0.1:${server.port}` };
    expect(await attempt(options, server.certificate.cert)).toBe("channel_tls");
  });

  it("sends nothing to a server without STARTTLS", async () => {
    await using server = await new MailServer({ tls: "none" }).start();
    const options = { url: `smtp://localhost:${server.port}` };
    expect(await attempt(options, server.certificate.cert)).toBe("channel_tls");
    expect(server.mails).toEqual([]);
  });

  it("writes nothing to a server that lets nobody sign in, where it should", async () => {
    await using server = await new MailServer({ tls: "none" }).start();
    const options = { url: `smtp://127.0.0.1:${server.port}`, user: "renewd", password: { env: "PASSWORD" } };
    expect(await attempt(options)).toBe("channel_credentials");
    expect(server.mails).toEqual([]);
  });

  it("takes an address on this machine", () => {
    const options = { url: "smtp://localhost", from: "renewd@localhost", to: ["root@localhost"] };
    expect(email.options.parse(options)).toMatchObject({ ...options, timeout: 30_000, insecure: false });
  });

  it.each([
    [{ url: "smtp://u:p@h" }, "smtp://host"],
    [{ url: "http://h" }, "smtp://host"],
    [{ url: "smtp://h/path" }, "smtp://host"],
    [{ url: "smtp://h", insecure: true, user: "u", password: { env: "P" } }, "sent in clear"],
    [{ url: "smtps://h", insecure: true }, "smtps:// is TLS"],
    [{ url: "smtp://h", insecure: true, ca: { file: "ca" } }, "no use"],
    [{ url: "smtp://h", user: "u" }, "needs it"],
    [{ url: "smtp://h", to: [] }, "to"],
    [{ url: "smtp://h", to: ["a@b.org\r\nBcc: c@d.org"] }, "to"],
    [{ url: "smtp://h", to: ["A <a@b.org>"] }, "to"],
  ])("refuses the options %j", (options, words) => {
    expect(() => email.options.parse({ ...ADDRESSES, ...options })).toThrow(words);
  });
});

/** Unfolded and decoded (RFC 5322 §2.2.3, RFC 2047). */
function headerOf({ source }: ReceivedMail, name: string): string | null {
  const [head = ""] = source.split("\r\n\r\n");
  const line = head
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n")
    .find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}: `));
  if (line === undefined) return null;
  return line
    .slice(name.length + 2)
    .replaceAll(/\?= =\?/g, "?==?")
    .replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, how: string, text: string) =>
      how.toUpperCase() === "B" ? Buffer.from(text, "base64").toString() : unquoted(text.replaceAll("_", " ")),
    );
}

function partOf({ source }: ReceivedMail, type: string): string {
  const boundary = /boundary="([^"]+)"/.exec(source)?.[1] ?? "";
  const part = source.split(`--${boundary}`).find((each) => each.includes(`Content-Type: ${type}`)) ?? "";
  const [head = "", ...rest] = part.split("\r\n\r\n");
  const body = rest.join("\r\n\r\n");
  if (/base64/i.test(head)) return Buffer.from(body, "base64").toString();
  const text = body.replaceAll("\r\n", "\n");
  return /quoted-printable/i.test(head) ? unquoted(text.replaceAll("=\n", "")) : text;
}

function unquoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
