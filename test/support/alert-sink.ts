/** Where a daemon's alerts go: a signed webhook, an Alertmanager, a mail server and a pager, each of which says what it was told. */
import { FakeAlertmanager } from "./notifiers/alertmanager.ts";
import { EventReceiver, type ReceivedEvent } from "./notifiers/event-receiver.ts";
import type { ChannelAnswer, ChannelCall } from "./notifiers/http-channel.ts";
import { MailServer, type ReceivedMail } from "./notifiers/mail-server.ts";
import { FakePagerDuty } from "./notifiers/pagerduty.ts";

/** What the channels ask for; none of it may be in what they are told. */
export const CHANNEL_SECRETS = {
  "hook.key": "key-that-the-webhook-is-signed-with",
  "am.bearer": "bearer-of-the-alertmanager",
  "mail.password": "password-of-the-mail-server",
  "pager.key": "routing-key-of-the-pager",
} as const;

/** One telling as the webhook got it. */
export interface Heard {
  readonly at: number;
  /** The same for the same telling. */
  readonly id: string;
  readonly key: string;
  readonly status: "firing" | "resolved";
  readonly cause: "opened" | "repeated" | "resolved";
  readonly severity: string;
  readonly openedAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly lines: Readonly<Record<"who" | "until" | "why" | "next" | "you", string>>;
}

class TimedReceiver extends EventReceiver {
  readonly heard: Heard[] = [];

  protected override serve(call: ChannelCall): ChannelAnswer {
    const from = this.events.length;
    const answer = super.serve(call);
    this.heard.push(...this.events.slice(from).map((event) => heardOf(event)));
    return answer;
  }
}

export class AlertSinks implements AsyncDisposable {
  readonly hook: TimedReceiver = new TimedReceiver(CHANNEL_SECRETS["hook.key"], () => Date.now());
  readonly manager: FakeAlertmanager = new FakeAlertmanager();
  readonly mail: MailServer = new MailServer({ user: "ops", password: CHANNEL_SECRETS["mail.password"], tls: "none" });
  readonly pager: FakePagerDuty = new FakePagerDuty(CHANNEL_SECRETS["pager.key"]);

  async start(): Promise<this> {
    this.manager.authorization = `Bearer ${CHANNEL_SECRETS["am.bearer"]}`;
    await Promise.all([this.hook.start(), this.manager.start(), this.mail.start(), this.pager.start()]);
    return this;
  }

  /** YAML under `channels:`; the secrets lie beside the folder of the settings. */
  get channels(): string {
    return `    hook: { type: webhook, url: "${this.hook.url}", keys: [{ file: ../hook.key }], batch: 20 }
    am: { type: alertmanager, url: "${this.manager.url}", bearer: { file: ../am.bearer }, resend: 20s, lasts: 60s }
    mail:
      type: email
      url: smtp://127.0.0.1:${this.mail.port}
      user: ops
      password: { file: ../mail.password }
      from: renewd@example.org
      to: [ops@example.org]
    pager: { type: pagerduty, url: "${this.pager.url}/v2/enqueue", routing_key: { file: ../pager.key } }
`;
  }

  get heard(): readonly Heard[] {
    return this.hook.heard;
  }

  /** What the webhook was told of one incident, oldest first; a telling that came twice counts once. */
  of(key: string): readonly Heard[] {
    const ids = new Set<string>();
    return this.heard.filter((each) => each.key === key && !ids.has(each.id) && ids.add(each.id).size > 0);
  }

  /** The alerts that came by mail, several of which may come in one, as people read them. */
  get mailed(): readonly string[] {
    return this.mail.mails.flatMap((mail) => textOf(mail).body.split("\n\n----\n\n"));
  }

  /** Whatever reached a channel, as it came and as people read it. */
  get everything(): string {
    const calls = [...this.hook.seen, ...this.manager.seen].map(({ path, body }) => `${path}\n${body}`);
    const sources = this.mail.mails.flatMap((mail) => [mail.source, ...Object.values(textOf(mail))]);
    // The routing key is a part of each event: that is PagerDuty's protocol.
    const pages = this.pager.events.map((event) => JSON.stringify({ ...event, routing_key: "" }));
    return [...calls, ...sources, ...pages].join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.hook.close(), this.manager.close(), this.mail.close(), this.pager.close()]);
  }
}

function heardOf({ id, subject, data }: ReceivedEvent): Heard {
  const told = data as unknown as Omit<Heard, "openedAt"> & { readonly opened_at: string };
  const { status, cause, severity, labels, lines } = told;
  const openedAt = Date.parse(told.opened_at);
  return { at: Date.now(), id, key: subject, status, cause, severity, openedAt, labels, lines };
}

/** As a person reads it. */
function textOf({ source }: ReceivedMail): { readonly subject: string; readonly body: string } {
  const subject = /^Subject: .*(?:\r\n[ \t].*)*/im.exec(source)?.[0].replaceAll(/\r\n[ \t]+/g, " ") ?? "";
  const boundary = /boundary="([^"]+)"/.exec(source)?.[1] ?? "";
  const part = source.split(`--${boundary}`).find((each) => each.includes("Content-Type: text/plain")) ?? "";
  const [head = "", ...rest] = part.split("\r\n\r\n");
  const body = rest.join("\n\n").replaceAll("\r\n", "\n");
  if (/base64/i.test(head)) return { subject, body: Buffer.from(body, "base64").toString() };
  return { subject, body: /quoted-printable/i.test(head) ? unquoted(body) : body };
}

function unquoted(text: string): string {
  const bytes = text
    .replaceAll("=\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
