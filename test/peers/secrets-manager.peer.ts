import { secretsManagerContract } from "../contracts/secrets-manager.ts";
import type { Cannot } from "../contracts/store.ts";
import { peerUnderTest } from "./peer.ts";

/** What each emulator answers otherwise than AWS documents, as measured with the pinned version. */
const CANNOT: Readonly<Record<string, Cannot>> = {
  moto: {
    "a label of one's own moves only from its holder, too": "checks RemoveFromVersionId for AWSCURRENT only",
    "a secret scheduled for deletion is not written": "writes it",
    "a text of more than 65,536 bytes is refused": "has no limit",
    "a secret takes a hundred versions within a day": "has no limit",
  },
  ministack: {
    "a ClientRequestToken used again for the same text changes nothing": "makes the version current again",
    "a ClientRequestToken used again for another text is refused": "overwrites the version",
    "a first version becomes current whatever label is asked for": "an empty secret has a version already",
    "a text of more than 65,536 bytes is refused": "has no limit",
    "a secret takes a hundred versions within a day": "has no limit",
  },
};

const { name, url } = peerUnderTest();
secretsManagerContract(name, async () => ({ url, close: async () => {} }), CANNOT[name]);
