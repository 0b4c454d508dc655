import { Argument } from "commander";
import { RenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { AddVerb, Shell } from "./command.ts";
import { bashScript } from "./completions-bash.ts";
import { fishScript } from "./completions-fish.ts";
import { zshScript } from "./completions-zsh.ts";
import { spotsOf } from "./completion-model.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

interface CompletionOptions {
  readonly tokens?: true;
  readonly targets?: string;
  readonly channels?: true;
  readonly issuers?: true;
}

export const addCompletions: AddVerb = (program, shell) => {
  program
    .command("completions")
    .description("a script that lets your shell complete verbs, options, tokens and channels")
    .addArgument(new Argument("[shell]", "the shell that it is for").choices(Object.keys(SCRIPTS)))
    .option("--tokens", "the declared tokens, one a line; nothing where the settings cannot be read")
    .option("--targets <token>", "the same of a token's targets")
    .option("--channels", "the same of the alert channels")
    .option("--issuers", "the same of the issuers")
    .addHelpText("after", HELP)
    .action(
      shell.does(async (name: keyof typeof SCRIPTS | undefined, options: CompletionOptions) => {
        if (name === undefined) return list(shell, options);
        shell.out.line(SCRIPTS[name](spotsOf(program)));
        return EXIT.well;
      }),
    );
};

const HELP = `
How to install it, once:

  bash   mkdir -p ~/.local/share/bash-completion/completions
         renewd completions bash \\
           > ~/.local/share/bash-completion/completions/renewd
  zsh    renewd completions zsh > ~/.zfunc/_renewd
         (with \`fpath+=~/.zfunc\` before \`compinit\` in ~/.zshrc)
  fish   renewd completions fish > ~/.config/fish/completions/renewd.fish

or for this shell alone: source <(renewd completions bash)`;

/** Reads the settings only. It is called at each press of a key, so it says nothing of what goes wrong. */
async function list({ app, out, settingsFile }: Shell, options: CompletionOptions): Promise<ExitCode> {
  if (Object.keys(options).length === 0)
    throw new RenewdError("usage", "say which shell: bash, zsh or fish", { sent: false });
  try {
    const { settings } = await app.checkSettings({ settingsFile: settingsFile(), allowCommands: false });
    const names = namesIn(settings, options).filter((name) => /^[\w.-]+$/.test(name));
    if (names.length > 0) out.line(names.join("\n"));
  } catch {
    // Nothing to complete with.
  }
  return EXIT.well;
}

function namesIn(settings: Settings, { tokens, targets, channels, issuers }: CompletionOptions): readonly string[] {
  if (tokens === true) return settings.tokens.map(({ key }) => key);
  if (channels === true) return settings.alerts.channels.map(({ key }) => key);
  if (issuers === true) return settings.issuers.map(({ key }) => key);
  return settings.tokens.find(({ key }) => key === targets)?.targets.map(({ label }) => label) ?? [];
}
