/** As far as the tests use it (documentation of oidc-provider 9, docs/README.md); the package brings no types. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export interface GrantedToken {
    readonly isValid: boolean;
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: new (of: { readonly clientId: string; readonly accountId: string }) => {
      addOIDCScope(scope: string): void;
      save(): Promise<string>;
    };
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>;
    readonly ClientCredentials: { find(value: string): Promise<GrantedToken | undefined> };
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    on(event: string, listener: (...given: readonly unknown[]) => void): this;
  }
}
