import type { Place } from "../../e2e/place.ts";
import type { Kind } from "../kinds.ts";
import { openArvados } from "./arvados.ts";
import { openFlowauth } from "./flowauth.ts";
import { openHttp } from "./http.ts";
import { openOAuth2 } from "./oauth2.ts";
import type { IssuerSide } from "./side.ts";

/** `lifetimeMs`: of most tokens. */
export function openSide(kind: Kind, place: Place, lifetimeMs: number): Promise<IssuerSide> {
  switch (kind) {
    case "flowauth":
    case "embedded":
      return openFlowauth(place, kind === "embedded");
    case "arvados":
      return openArvados(place);
    case "oauth2":
      return openOAuth2(place, lifetimeMs);
    case "http":
      return openHttp(lifetimeMs);
  }
}
