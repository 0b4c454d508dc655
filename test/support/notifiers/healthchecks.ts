/**
 * Stands in for Healthchecks.io. Follows its "Pinging API" (UUID form): HEAD, GET or POST to the ping address is success,
 * to it with `/fail` behind it is failure; the body is kept; 404 `not found` for an address that nobody has; 200 `OK`.
 */
import { type ChannelAnswer, type ChannelCall, HttpChannel } from "./http-channel.ts";

export class FakeHealthchecks extends HttpChannel {
  readonly pings: { readonly kind: "success" | "fail"; readonly method: string; readonly body: string }[] = [];
  readonly path = "/1c0f2a9e-7f3d-4a53-9c51-2f6f0f7f1b11";

  protected serve({ method, path, body }: ChannelCall): ChannelAnswer {
    const kind = path === this.path ? "success" : path === `${this.path}/fail` ? "fail" : null;
    if (kind === null) return { status: 404, text: "not found" };
    this.pings.push({ kind, method, body });
    return { status: 200, text: "OK" };
  }
}
