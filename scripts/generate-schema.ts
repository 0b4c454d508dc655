import { writeFileSync } from "node:fs";
import { issuerTypes } from "../src/issuers/index.ts";
import { notifierTypes } from "../src/notifiers/index.ts";
import { settingsJsonSchema } from "../src/settings/json-schema.ts";
import { storeTypes } from "../src/stores/index.ts";

/** Writes config/renewd.schema.json; a test tells when it is out of date. */
const schema = settingsJsonSchema({ issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes });
writeFileSync(new URL("../config/renewd.schema.json", import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
