import type { NotifierType } from "../../core/ports.ts";
import { createEmail } from "./notifier.ts";
import { type EmailOptions, optionsSchema } from "./options.ts";

/** Mail by SMTP (README.md of this folder). */
export const email: NotifierType<EmailOptions> = {
  type: "email",
  options: optionsSchema,
  create: createEmail,
};
