/** Chats and mail programs that open a link to show what is behind it, and search engines, by how they name themselves. */
const PREVIEWS =
  /Slackbot|WhatsApp\/|TelegramBot|Twitterbot|facebookexternalhit|Facebot|Discordbot|LinkedInBot|SkypeUriPreview|bingbot|BingPreview|Googlebot|Google-PageRenderer|Applebot|Mattermost-Bot|ZulipURLPreview|Synapse \(bot|Iframely|Embedly/i;
const PURPOSES = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/** Whether a request comes from who only wants to know what is there: no person is about to see the answer. */
export function looksAhead(request: { header(name: string): string | undefined }): boolean {
  if (PURPOSES.some((name) => /prefetch|preview|prerender/i.test(request.header(name) ?? ""))) return true;
  // A browser says of each request what it is for (Fetch Metadata §2.1); programs do not.
  const isPage = (request.header("sec-fetch-dest") ?? "document") === "document";
  return !isPage || PREVIEWS.test(request.header("user-agent") ?? "");
}
