/** The server that scripts/test-peers.ts started for this run. */
export interface Peer {
  readonly name: string;
  readonly url: string;
}

export function peerUnderTest(): Peer {
  const { RENEWD_PEER_NAME: name, RENEWD_PEER_URL: url } = process.env;
  if (name === undefined || url === undefined) throw new TypeError("run `npm run test:peers`, which starts the server");
  return { name, url };
}
