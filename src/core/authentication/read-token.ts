import { BearerRequestError } from '../errors.js'

/** The part of a request that authentication reads: what Node's `IncomingMessage` and Express's `Request` have. */
export interface AuthenticationRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as they came; shows header lines that `headers` merged or dropped. */
  readonly rawHeaders?: readonly string[] | undefined
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>> | undefined
  readonly method?: string | undefined
  readonly url?: string | undefined
}

// RFC 6750 section 2.1: credentials = "Bearer" 1*SP b64token. The scheme is case-insensitive (RFC 9110 section 11.1).
// White space around a value is not part of it (RFC 9110 section 5.5). Anchored, so that the time stays linear.
const bearerCredentials = /^[ \t]*Bearer +([A-Za-z0-9\-._~+/]+=*)[ \t]*$/i

// What claims to be a bearer credential: the scheme, and after it something that is neither a scheme character nor the end.
const otherBearer = /^[ \t]*Bearer(?![!#$%&'*+\-.^_`|~0-9A-Za-z])(?![ \t]*$)/i

/**
 * Reads the token from the `Authorization` header.
 *
 * @param known - Tokens that have passed every check before; their characters need no second look.
 * @returns Nothing when there is no header, another scheme or an empty `Bearer`, and a
 * {@link BearerRequestError} when the header breaks the grammar or comes more than once.
 */
export function readToken(
  request: AuthenticationRequest,
  known: { get(token: string): unknown },
): string | BearerRequestError | undefined {
  const value = request.headers['authorization']
  if (authorizationLines(request, value) > 1) return new BearerRequestError()
  const header = typeof value === 'string' ? value : value?.[0]
  if (header === undefined) return undefined
  const rest = header.slice('Bearer '.length)
  if (header.startsWith('Bearer ') && known.get(rest) !== undefined) return rest
  const token = bearerCredentials.exec(header)?.[1]
  if (token !== undefined) return token
  return otherBearer.test(header) ? new BearerRequestError() : undefined
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
