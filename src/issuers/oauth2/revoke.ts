import type { OldToken } from "../../core/ports.ts";
import type { Client } from "./client.ts";
import type { Discovery } from "./discovery.ts";
import { toError } from "./refusals.ts";

/** RFC 7009 §2. A token that is gone already is answered with a 200 as well. Throws a `RenewdError`. */
export async function revoke(
  { client, discovery }: { readonly client: Client; readonly discovery: Discovery },
  old: OldToken,
  signal: AbortSignal,
): Promise<void> {
  const server = await discovery.read(signal);
  const answer = await client.send({ call: "revoke", token: old.token.reveal() }, server, signal);
  if (!answer.ok) throw toError(answer.refusal, `revocation at ${server.issuer}`);
}
