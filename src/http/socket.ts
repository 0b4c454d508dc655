/** The control socket: how the verbs speak to a daemon that runs. */
export type { Remote } from "./control-calls.ts";
export { connectControl } from "./control-client.ts";
export { serveControl } from "./control-server.ts";
