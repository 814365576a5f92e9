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
const bearerCredentials = /^Bearer +(?<token>[A-Za-z0-9\-._~+/]+=*)$/i

// What claims to be a bearer credential: the scheme, and after it the end or something that is no scheme character.
const bearerScheme = /^Bearer(?![!#$%&'*+\-.^_`|~0-9A-Za-z])/i

/**
 * Reads the token from the `Authorization` header.
 *
 * @returns Nothing when there is no header, another scheme or an empty `Bearer`, and a
 * {@link BearerRequestError} when the header breaks the grammar or comes more than once.
 */
export function readToken(request: AuthenticationRequest): string | BearerRequestError | undefined {
  const value = request.headers['authorization']
  if (authorizationLines(request, value) > 1) return new BearerRequestError()
  const header = typeof value === 'string' ? value : value?.[0]
  if (header === undefined) return undefined
  // White space around a value is not part of it (RFC 9110 section 5.5).
  const credentials = header.replace(/^[ \t]+|[ \t]+$/g, '')
  const token = bearerCredentials.exec(credentials)?.groups?.['token']
  if (token !== undefined) return token
  const isBearer = bearerScheme.test(credentials) && credentials.length > 'Bearer'.length
  return isBearer ? new BearerRequestError() : undefined
}

// Node keeps the first of several lines and drops the rest; two parties could then read two different tokens.
function authorizationLines(
  { rawHeaders, headersDistinct }: AuthenticationRequest,
  value: string | readonly string[] | undefined,
): number {
  if (rawHeaders !== undefined) {
    let lines = 0
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string
      if (name.length === 13 && name.toLowerCase() === 'authorization') lines += 1
    }
    return lines
  }
  if (headersDistinct !== undefined) return headersDistinct['authorization']?.length ?? 0
  return Array.isArray(value) ? value.length : 1
}
