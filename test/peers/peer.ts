/** The server that scripts/test-peers.ts started for this run. */
export interface Peer {
  readonly name: string;
  readonly url: string;
}

export function peerUnderTest(): Peer {
  return { name: given("RENEWD_PEER_NAME"), url: given("RENEWD_PEER_URL") };
}

/** The environment in which scripts/test-peers.ts installed a client for this run. */
export function clientUnderTest(): { readonly bin: string } {
  return { bin: given("RENEWD_PEER_BIN") };
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new TypeError("run `npm run test:peers`, which installs and starts the peers");
  return value;
}
