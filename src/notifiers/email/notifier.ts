import { getCACertificates } from "node:tls";
import { createTransport, type SendMailOptions, type SMTPTransportOptions } from "nodemailer";
import type { Alert } from "../../core/alert.ts";
import { RenewdError } from "../../core/errors.ts";
import { isLoopback } from "../../core/loopback.ts";
import type { AlertNotifier, NotifierContext } from "../../core/ports.ts";
import { toChannelError } from "./failure.ts";
import { toMail } from "./mail.ts";
import type { EmailOptions } from "./options.ts";

const BATCH_MAX = 50;
const MOST_NAMED = 5;
const CLOSE_MS = 1_000;
const MOST_ANSWER_BYTES = 64 * 1024;
/** A limit of the library's own that ours always comes before. */
const NEVER_MS = 3_600_000;

export function createEmail(context: NotifierContext<EmailOptions>): AlertNotifier {
  return new Email(context);
}

/** What one mail needs of secrets and files, read anew each time. */
interface Access {
  readonly password: string | undefined;
  readonly ca: string | undefined;
}

class Email implements AlertNotifier {
  readonly kind = "alerts";
  // A mail is not taken back, so only what changed is told.
  readonly capabilities = { resendMs: null, keepsUntilEnd: false, batchMax: BATCH_MAX, intervalMs: 0 };
  readonly #context: NotifierContext<EmailOptions>;
  readonly #closing = new AbortController();

  constructor(context: NotifierContext<EmailOptions>) {
    this.#context = context;
  }

  async notify(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    if (alerts.length === 0) return;
    const { options, instance, clock, readSecret } = this.#context;
    const { from, to, password, ca } = options;
    const mail = toMail(alerts, { instance, from, to }, clock.now());
    const access = {
      password: password === undefined ? undefined : (await readSecret(password, signal)).reveal(),
      ca: ca === undefined ? undefined : (await readSecret(ca, signal)).reveal(),
    };
    const rejected = await this.#send({ ...mail, envelope: { from, to: [...to] } }, access, signal);
    if (rejected.length === 0) return;
    // Sent again, it would come again to those who have it.
    const taken = `taken for ${to.length - rejected.length} of ${to.length} recipients`;
    const message = `mail: ${new URL(options.url).host}: ${taken}, refused for ${fewOf(rejected)}`;
    throw new RenewdError("channel_partly", message);
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  /** Answers who was refused although others were not. */
  async #send(mail: SendMailOptions, access: Access, signal: AbortSignal): Promise<readonly string[]> {
    const { options, clock } = this.#context;
    const { host } = new URL(options.url);
    const limit = new AbortController();
    const cancel = clock.after(options.timeout, () => limit.abort());
    const transport = createTransport(transportOptions(options, access));
    try {
      const all = AbortSignal.any([signal, limit.signal, this.#closing.signal]);
      const { rejected } = await transport.sendMail({ ...mail, signal: all });
      return rejected;
    } catch (error) {
      if (signal.aborted || this.#closing.signal.aborted)
        throw new RenewdError("channel_timeout", `mail: ${host}: the call was called off`);
      if (limit.signal.aborted)
        throw new RenewdError("channel_timeout", `mail: ${host}: not sent within ${options.timeout} ms`);
      throw toChannelError(error, host, secretsOf(options, access));
    } finally {
      cancel();
      transport.close();
    }
  }
}

function fewOf(addresses: readonly string[]): string {
  const more = addresses.length - MOST_NAMED;
  return addresses.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function transportOptions(options: EmailOptions, { password, ca }: Access): SMTPTransportOptions {
  const url = new URL(options.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const secure = url.protocol === "smtps:";
  // A mail server on this machine often has TLS with a certificate that nobody can prove, and no need of it.
  const isPlain = !secure && (options.insecure || (isLoopback(url.hostname) && ca === undefined));
  return {
    host,
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    secure,
    requireTLS: !secure && !isPlain,
    ignoreTLS: isPlain,
    ...(ca === undefined ? {} : { tls: { ca: [...getCACertificates("default"), ca] } }),
    // `forceAuth`: a server that offers no sign-in is not written to without.
    ...(password === undefined ? {} : { auth: { user: options.user ?? "", pass: password }, forceAuth: true }),
    connectionTimeout: NEVER_MS,
    greetingTimeout: NEVER_MS,
    socketTimeout: NEVER_MS,
    dnsTimeout: options.timeout,
    socketCloseTimeout: CLOSE_MS,
    maxResponseSize: MOST_ANSWER_BYTES,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  };
}

/** As SMTP sends them: bare, and in base64 (RFC 4616 §2, and LOGIN). */
function secretsOf({ user = "" }: EmailOptions, { password }: Access): readonly string[] {
  if (password === undefined) return [];
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return [password, base64(password), base64(`\0${user}\0${password}`)];
}
