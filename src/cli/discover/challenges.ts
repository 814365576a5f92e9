/** One challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

// RFC 9110 section 11.6.1: a scheme, or a name with a token or a quoted string, separated by commas.
const piece =
  /(?:^|,)\s*(?:(?<scheme>[!#$%&'*+\-.^_`|~\w]+)(?=\s*(?:,|$|[ ]+[^\s=]))[ ]*)?(?:(?<name>[!#$%&'*+\-.^_`|~\w]+)\s*=\s*(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<token>[^\s,"]+)))?/g

/** Reads the challenges of a header, however many stand in one line. */
export function readChallenges(header: string | null): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  for (const { groups = {} } of (header ?? '').matchAll(piece)) {
    const { scheme, name, quoted, token } = groups
    if (scheme !== undefined) challenges.push({ scheme, parameters: new Map() })
    const value = quoted?.replace(/\\(.)/g, '$1') ?? token
    if (name !== undefined && value !== undefined) {
      challenges.at(-1)?.parameters.set(name.toLowerCase(), value)
    }
  }
  return challenges
}
