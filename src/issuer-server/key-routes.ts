import { notSignedIn } from "./refusal.ts";
import { type Route, signedIn } from "./routes.ts";
import type { IssuerServices } from "./services.ts";

/** The public key: FlowAuth's way, for administrators, and two of our own for whoever verifies tokens. */
export function keyRoutes(services: IssuerServices): Route[] {
  const { publicKey, publicPem } = services.keys;
  const keySet = { keys: [{ ...publicKey.export({ format: "jwk" }), alg: "RS256", use: "sig" }] };
  return [
    {
      method: "GET",
      paths: ["/admin/public_key"],
      access: "signed_in",
      csrf: false,
      handle: (c, user) => {
        if (signedIn(user).is_admin !== 1) throw notSignedIn();
        return c.json({ public_key: publicPem });
      },
    },
    { method: "GET", paths: ["/public_key"], access: "open", csrf: false, handle: (c) => c.text(publicPem) },
    { method: "GET", paths: ["/.well-known/jwks.json"], access: "open", csrf: false, handle: (c) => c.json(keySet) },
  ];
}
