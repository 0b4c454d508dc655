import type { NotifierType } from "../core/ports.ts";
import { alertmanager } from "./alertmanager/index.ts";
import { email } from "./email/index.ts";
import { healthchecks } from "./healthchecks/index.ts";
import { pagerduty } from "./pagerduty/index.ts";
import { slack } from "./slack/index.ts";
import { webhook } from "./webhook/index.ts";

/** Every kind of alert channel that settings may name. */
export const notifierTypes: readonly NotifierType[] = [alertmanager, pagerduty, slack, webhook, email, healthchecks];
