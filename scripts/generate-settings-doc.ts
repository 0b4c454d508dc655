import { writeFileSync } from "node:fs";
import { settingsDoc } from "./settings/settings-doc.ts";

/** Writes docs/settings.md; a test tells when it is out of date. */
writeFileSync(new URL("../docs/settings.md", import.meta.url), await settingsDoc());
