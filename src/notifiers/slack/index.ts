import type { NotifierType } from "../../core/ports.ts";
import { createSlack } from "./notifier.ts";
import { type SlackOptions, optionsSchema } from "./options.ts";

/** A Slack channel, by an incoming webhook (README.md of this folder). */
export const slack: NotifierType<SlackOptions> = {
  type: "slack",
  options: optionsSchema,
  create: createSlack,
};
