/**
 * Shows an address without what may be secret in it: user, password, query and fragment. Works for what is no
 * address at all, since a mistake in a password is what makes many of them unreadable.
 */
export function shownAddress(address: string): string {
  const [scheme] = /^(?:[a-z][a-z0-9+.-]*:[/\\]{2})?/i.exec(address) as unknown as [string]
  const rest = address.slice(scheme.length)
  const end = rest.search(/[?#]/)
  const at = rest.lastIndexOf('@')
  // An "@" behind a "?" may end a password or stand in a query: nobody can tell, so nothing is shown.
  if (end >= 0 && at > end) return `${scheme}…`
  return `${scheme}${rest.slice(at + 1, end < 0 ? undefined : end)}`
}

/** Takes the same out of every address in a text, such as the message of a `fetch` of somebody else's. */
export function withoutSecrets(text: string): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, shownAddress)
}
