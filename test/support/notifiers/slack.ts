/**
 * Stands in for a Slack incoming webhook. Follows Slack's "Sending messages using incoming webhooks" (200 `ok`, 400
 * `invalid_payload`, 404 `no_service`) and the Block Kit reference: a section's text has at most 3,000 characters, a context
 * block 1 to 10 elements, a message 50 blocks and 100 attachments; of `&`, `<` and `>` in text only `&` of the three escapes and `<`
 * of links and mentions may stand unescaped.
 */
import { type ChannelAnswer, type ChannelCall, HttpChannel } from "./http-channel.ts";

interface Text {
  readonly type: string;
  readonly text: string;
}

export interface SlackMessage {
  readonly text: string;
  readonly attachments: readonly {
    readonly color?: string;
    readonly text?: string;
    readonly fallback: string;
    readonly blocks?: readonly { readonly type: string; readonly text?: Text; readonly elements?: readonly Text[] }[];
  }[];
}

export class FakeSlack extends HttpChannel {
  readonly messages: SlackMessage[] = [];
  readonly path = "/services/T0000/B0000/hookSecretOfTheChannel";

  /** Everything that people see of a message, as it is sent. */
  static textsOf({ text, attachments }: SlackMessage): readonly string[] {
    const inner = attachments.flatMap(({ text: own, blocks = [] }) => [
      ...(own === undefined ? [] : [own]),
      ...blocks.flatMap((block) => [block.text, ...(block.elements ?? [])].flatMap((each) => each?.text ?? [])),
    ]);
    return [text, ...inner];
  }

  protected serve({ method, path, headers, body }: ChannelCall): ChannelAnswer {
    if (method !== "POST" || path !== this.path) return { status: 404, text: "no_service" };
    if (headers["content-type"]?.startsWith("application/json") !== true)
      return { status: 400, text: "invalid_payload" };
    const message = JSON.parse(body) as SlackMessage;
    const blocks = message.attachments.flatMap((each) => each.blocks ?? []);
    const isFit =
      message.text !== "" &&
      message.text.length <= 4_000 &&
      message.attachments.length <= 100 &&
      blocks.length <= 50 &&
      blocks.every(({ type, text, elements }) =>
        type === "section"
          ? text !== undefined && text.text.length > 0 && text.text.length <= 3_000
          : type === "context" && elements !== undefined && elements.length > 0 && elements.length <= 10,
      );
    if (!isFit) return { status: 400, text: "invalid_blocks" };
    this.messages.push(message);
    return { status: 200, text: "ok" };
  }
}
