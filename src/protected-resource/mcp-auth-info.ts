import { stateOf } from '../core/authentication/request-state.js'
import type { AuthenticateSuccess, Success } from '../core/authentication/result.js'
import { ConfigurationError } from '../core/errors.js'
import type { ClaimsPrincipal } from '../core/claims-principal.js'

/** Who calls, in the form that MCP servers hand to their tools. */
export interface AuthInfo {
  /** The raw token; empty where an event vouched for the caller without one. */
  token: string
  /** The client that acts for the user; empty where the token names none. */
  clientId: string
  /** What the token was granted: a copy. */
  scopes: string[]
  /** When the token ends, in seconds since the epoch. */
  expiresAt?: number
  /** The API that the token is for: its first accepted audience that is a web address. */
  resource?: URL
  /** Who the user is. */
  extra: { subject?: string }
}

type Known = AuthenticateSuccess & Pick<Success, 'audiences'>

/**
 * Tells an MCP server who calls: the caller that the last guard let through, as `req.auth` of the 1.x SDK and
 * `authInfo` of the 2.x SDK expect it.
 *
 * @returns Nothing on a public route. What is unknown is absent.
 * @throws {@link ConfigurationError} when the scheme does not keep tokens (`saveToken: false`), because
 * servers hand the token to their tools.
 *
 * @example A server on streamable HTTP
 * ```ts
 * app.post('/mcp', authorize(), async (req, res) => {
 *   await transport.handleRequest(Object.assign(req, { auth: mcpAuthInfo(req) }), res, req.body)
 * })
 * ```
 */
export function mcpAuthInfo(req: object): AuthInfo | undefined {
  const { used, results = [] } = stateOf(req) ?? {}
  if (used?.kind !== 'success') return undefined
  if (results.find(({ result }) => result === used)?.scheme.saveToken === false) {
    throw new ConfigurationError(
      'mcpAuthInfo() hands out the token; leave "saveToken" of jwtBearer() at true',
    )
  }
  // What guards rely on is made by the core alone.
  const { principal, token = '', expiresAt, audiences } = used as Known
  const { subject, scopes } = principal
  const resource = audiences.find(isWebAddress)
  return {
    token,
    clientId: clientOf(principal),
    scopes: [...scopes],
    ...(expiresAt !== undefined && { expiresAt: expiresAt.getTime() / 1000 }),
    ...(resource !== undefined && { resource: new URL(resource) }),
    extra: subject === undefined ? {} : { subject },
  }
}

// RFC 9068 section 2.2, OpenID Connect Core section 2, Okta, and Entra ID's first version, in this order.
const clientClaims = ['client_id', 'azp', 'cid', 'appid']

function clientOf(principal: ClaimsPrincipal): string {
  const values = clientClaims.map((name) => principal.findFirst(name))
  return values.find((value) => value !== undefined && value !== '') ?? ''
}

function isWebAddress(audience: string): boolean {
  return URL.canParse(audience) && /^https?:$/.test(new URL(audience).protocol)
}
