import { systemClock } from "../../src/runtime/clock.ts";
import { makeSigningKey, type SigningKey } from "../support/flowauth/jwt.ts";
import { FakeFlowAuth } from "../support/flowauth/server.ts";
import type { Place } from "./place.ts";

const key: SigningKey = makeSigningKey();

/** The scripted FlowAuth of test/support, by the real clock, in the test's own process; a place's settings lead to it. */
export async function startStandIn(place: Place): Promise<FakeFlowAuth> {
  const server = new FakeFlowAuth(systemClock, key);
  await server.start();
  await place.write("flowbot.password", server.account.password);
  await place.write("public_key.pem", key.publicPem);
  return server;
}
