/**
 * A receiver of CloudEvents. Follows the CloudEvents 1.0 HTTP protocol binding (structured and batched mode), the JSON event
 * format, and README.md of src/notifiers/webhook for the signature, which is checked as the README tells receivers to.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type ChannelAnswer, type ChannelCall, HttpChannel } from "./http-channel.ts";

export interface ReceivedEvent {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class EventReceiver extends HttpChannel {
  /** As they came; one that came twice is here twice. */
  readonly events: ReceivedEvent[] = [];
  key: string;
  /** Of the receiver's clock. */
  readonly now: () => number;

  constructor(key: string, now: () => number) {
    super();
    this.key = key;
    this.now = now;
  }

  protected serve({ method, headers, body }: ChannelCall): ChannelAnswer {
    if (method !== "POST") return { status: 405 };
    const signature = headers["renewd-signature"];
    if (typeof signature !== "string" || !this.#isSigned(body, signature))
      return { status: 401, text: "bad signature" };
    const isBatch = headers["content-type"] === "application/cloudevents-batch+json; charset=utf-8";
    if (!isBatch && headers["content-type"] !== "application/cloudevents+json; charset=utf-8") return { status: 415 };
    const events = [JSON.parse(body) as ReceivedEvent | readonly ReceivedEvent[]].flat() as readonly ReceivedEvent[];
    if (
      events.some(
        ({ specversion, id, source, type }) => specversion !== "1.0" || id === "" || source === "" || type === "",
      )
    )
      return { status: 400, text: "not a CloudEvent" };
    this.events.push(...events);
    return { status: 202 };
  }

  #isSigned(body: string, signature: string): boolean {
    const parts = signature.split(",").map((part) => part.split("=") as [string, string]);
    const t = parts.find(([name]) => name === "t")?.[1] ?? "";
    const expected = createHmac("sha256", this.key).update(`${t}.${body}`).digest();
    const isFresh = Math.abs(this.now() / 1_000 - Number(t)) < 300;
    const given = parts.filter(([name]) => name === "v1").map(([, hex]) => Buffer.from(hex, "hex"));
    return isFresh && given.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
  }
}
