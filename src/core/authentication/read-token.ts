import { BearerRequestError } from '../errors.js'
import type { CredentialsScheme } from '../proof-of-possession.js'

/** The part of a request that authentication reads: what Node's `IncomingMessage` and Express's `Request` have. */
export interface AuthenticationRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as they came; shows header lines that `headers` merged or dropped. */
  readonly rawHeaders?: readonly string[] | undefined
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>> | undefined
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** How the credentials of one scheme are written. */
export interface CredentialsGrammar {
  readonly word: CredentialsScheme
  /** How nearly everybody begins. */
  readonly prefix: string
  /** Credentials of good form, the token being the first group. */
  readonly credentials: RegExp
  /** What claims to be such credentials, and is not. */
  readonly malformed: RegExp
}

// A token alone.
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

// RFC 6750 section 2.1: credentials = "Bearer" 1*SP b64token; RFC 9449 section 7.1: "DPoP" 1*SP token68, which is
// the same. The scheme is case-insensitive (RFC 9110 section 11.1). White space around a value is not part of it
// (RFC 9110 section 5.5). Anchored, so that the time stays linear.
function grammarOf(word: CredentialsScheme): CredentialsGrammar {
  return {
    word,
    prefix: `${word} `,
    credentials: new RegExp(`^[ \\t]*${word} +([A-Za-z0-9\\-._~+/]+=*)[ \\t]*$`, 'i'),
    // The scheme, and after it something that is neither a scheme character nor the end.
    malformed: new RegExp(`^[ \\t]*${word}(?![!#$%&'*+\\-.^_\`|~0-9A-Za-z])(?![ \\t]*$)`, 'i'),
  }
}

/** How credentials are written, by their scheme. */
export const grammars: Readonly<Record<CredentialsScheme, CredentialsGrammar>> = {
  Bearer: grammarOf('Bearer'),
  DPoP: grammarOf('DPoP'),
}

/**
 * Reads the token from the `Authorization` header.
 *
 * @param known - Tokens that have passed every check before; their characters need no second look.
 * @param accepted - The credentials that are read here; any others are another scheme's.
 * @param walk - Is told with which of them the caller came.
 * @returns Nothing when there is no header, another scheme or an empty one of these, and a
 * {@link BearerRequestError} when the header breaks the grammar or comes more than once.
 */
export function readToken(
  request: AuthenticationRequest,
  known: { get(token: string): unknown },
  accepted: readonly CredentialsGrammar[],
  walk: { credentials: CredentialsScheme | undefined },
): string | BearerRequestError | undefined {
  const value = request.headers['authorization']
  if (authorizationLines(request, value) > 1) return new BearerRequestError()
  const header = typeof value === 'string' ? value : value?.[0]
  if (header === undefined) return undefined
  for (const { word, prefix, credentials, malformed } of accepted) {
    const rest = header.startsWith(prefix) ? header.slice(prefix.length) : undefined
    const isPlain = rest !== undefined && (known.get(rest) !== undefined || token68.test(rest))
    const token = isPlain ? rest : credentials.exec(header)?.[1]
    const isMalformed = token === undefined && malformed.test(header)
    if (token === undefined && !isMalformed) continue
    walk.credentials = word
    return isMalformed ? new BearerRequestError() : token
  }
  return undefined
}

// Node keeps the first of several lines and drops the rest; two parties could then read two different tokens.
function authorizationLines(
  request: AuthenticationRequest,
  value: string | readonly string[] | undefined,
): number {
  const listed = Array.isArray(value) ? value.length : 1
  const { rawHeaders } = request
  if (rawHeaders !== undefined) {
    let lines = 0
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string
      if (name.length === 13 && name.toLowerCase() === 'authorization') lines += 1
    }
    return Math.max(lines, listed)
  }
  // Looked at last: Node puts this one together for whoever asks.
  const { headersDistinct } = request
  return Math.max(headersDistinct?.['authorization']?.length ?? 0, listed)
}
