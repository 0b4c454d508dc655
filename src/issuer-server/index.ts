export { type IssuerServer, type IssuerServerOptions, startIssuerServer } from "./server.ts";
export { type IssuerAdmin, openIssuerAdmin } from "./admin.ts";
export type { IssuerSeed } from "./seed.ts";
