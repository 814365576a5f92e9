import { ConfigurationError } from '../core/errors.js'
import { checkMethods, checkNames, readFunction } from '../core/option-checks.js'
import type { AccessTokenSuccess } from './access-token-result.js'
import { createAddressResolver } from './address-resolver.js'
import { fingerprint } from './fingerprint.js'
import { sendWithinOrigin } from './follow-redirects.js'
import { discardBody, prepareRequest } from './outgoing-request.js'
import type { TokenManager } from './token-manager.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
import { currentUser } from './user-context.js'
import type { UserKey } from './user-token.js'

/** What {@link createUserFetch} accepts. */
export interface UserFetchOptions {
  /** Gives the tokens. */
  manager: TokenManager
  /** Address of the API. Relative addresses are resolved against it, as if it ended with a slash. */
  baseUrl: string | URL
  /**
   * The origins that get the token; a call to any other is refused.
   *
   * @remarks Whoever serves one of these origins can act as the user. Over plain `http:` so can everybody on the way.
   *
   * @defaultValue the origin of `baseUrl`
   */
  allowedOrigins?: readonly string[] | undefined
  /** The scopes the API needs, separated by spaces. Without it, those of the sign-in. */
  scope?: string | undefined
  /** Names the API to the issuer (RFC 8707). */
  resource?: string | undefined
  /**
   * What to do when there is no token: `'throw'` the reason, or `'send'` the request without one.
   *
   * @defaultValue `'throw'`
   */
  onMissing?: 'throw' | 'send' | undefined
  /**
   * Puts the token on a request in another way than `Authorization: Bearer`; the place for DPoP proofs.
   * When the API asks for a nonce, the request is sent once more with it. Redirects within the origin
   * are followed, each address getting credentials of its own; one to another origin is not, and the
   * call rejects with `origin_not_allowed`.
   */
  authorize?:
    | ((request: Request, token: AccessTokenSuccess, nonce?: string) => void | Promise<void>)
    | undefined
  /**
   * Sends the requests: for proxies, agents and tests.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: typeof globalThis.fetch | undefined
}

/** What `fetch` accepts, and for whom. */
export interface UserRequestInit extends RequestInit {
  /**
   * Whose token is sent. Needed where there is no request: in jobs and WebSockets.
   *
   * @defaultValue the user of the request that is being answered; see `userTokenContext()`
   */
  user?: UserKey | undefined
}

/**
 * Calls an API as a user.
 *
 * @throws {@link TokenUnavailableError} when there is no token, or the address is not the API's.
 */
export type UserFetch = (input: string | URL | Request, init?: UserRequestInit) => Promise<Response>

const optionNames = [
  'manager',
  'baseUrl',
  'allowedOrigins',
  'scope',
  'resource',
  'onMissing',
  'authorize',
  'fetch',
]

/**
 * Creates a `fetch` that calls one API as the signed-in user.
 *
 * The token is looked up anew for each call. An answer of 401 renews it and sends the request once
 * more, provided that its body can be sent again (a stream cannot).
 *
 * @throws {@link ConfigurationError} when an option is wrong.
 *
 * @example
 * ```ts
 * const orders = createUserFetch({ manager, baseUrl: 'https://api.example/orders/' })
 *
 * app.use(userTokenContext({ user: (req) => req.session.user }))
 * app.get('/', async (req, res) => res.json(await (await orders('latest')).json()))
 *
 * socket.on('message', () => void orders('latest', { user }))
 * ```
 */
export function createUserFetch(options: UserFetchOptions): UserFetch {
  checkNames(options, optionNames, 'the user fetch options')
  checkMethods(options.manager, 'manager', ['getAccessToken', 'onEvent'])
  const { manager, scope, resource, onMissing = 'throw', authorize } = options
  const send = readFunction(options.fetch, 'fetch') ?? ((request: Request) => fetch(request))
  const resolveAddress = createAddressResolver(options.baseUrl, options.allowedOrigins)
  readFunction(options.authorize, 'authorize')

  return async (input, { user = currentUser(), ...init } = {}) => {
    const target = resolveAddress(input)
    const outgoing = prepareRequest(input, target, init)
    const { signal } = outgoing
    if (user === undefined) return withoutToken(new TokenUnavailableError('no_session'))
    const result = await manager.getAccessToken(user, { scope, resource, signal })
    if (result.kind === 'failure') return withoutToken(result.error)

    const session = fingerprint(user)
    const first = await attempt(result)
    if (!outgoing.isRepeatable || !wasRefused(first, target)) return first

    const nonce = authorize && readNonce(first)
    const second = nonce === undefined ? first : await repeatWithNonce(nonce)
    if (!wasRefused(second, target)) return second

    const rejectedToken = result.accessToken
    const renewed = await manager.getAccessToken(user, { scope, resource, rejectedToken, signal })
    if (renewed.kind === 'failure') return second
    await discardBody(second)
    report('accessDeniedRetry', renewed)
    return attempt(renewed, nonce)

    async function attempt(token: AccessTokenSuccess, proofNonce?: string): Promise<Response> {
      if (authorize) {
        const present = async (request: Request) => {
          await authorize(request, token, proofNonce)
          report('tokenUsed', token)
        }
        return sendWithinOrigin(outgoing, present, send)
      }
      const request = outgoing.build()
      presentBearer(request, token)
      report('tokenUsed', token)
      return send(request)
    }

    async function repeatWithNonce(proofNonce: string): Promise<Response> {
      await discardBody(first)
      report('nonceRetry', result as AccessTokenSuccess)
      return attempt(result as AccessTokenSuccess, proofNonce)
    }

    function report(
      kind: 'tokenUsed' | 'accessDeniedRetry' | 'nonceRetry',
      token: AccessTokenSuccess,
    ): void {
      manager.onEvent({ kind, user: session, token: fingerprint(token.accessToken) })
    }

    function withoutToken(error: TokenUnavailableError): Promise<Response> {
      if (onMissing === 'send') return send(outgoing.build())
      throw error
    }
  }
}

function presentBearer(request: Request, token: AccessTokenSuccess): void {
  if (token.accessTokenType.toLowerCase() !== 'bearer') {
    throw new ConfigurationError('A token of another type than Bearer needs the "authorize" option')
  }
  request.headers.set('Authorization', `Bearer ${token.accessToken}`)
}

// fetch() takes the token off when it follows a redirect to another origin; what that origin says
// about the request says nothing about the token.
function wasRefused({ status, url }: Response, target: URL): boolean {
  return status === 401 && (url === '' || new URL(url).origin === target.origin)
}

// RFC 9449 section 9: the challenge names the error, the nonce has a header of its own.
function readNonce({ headers }: Response): string | undefined {
  const isAsked = headers.get('WWW-Authenticate')?.includes('use_dpop_nonce')
  return isAsked ? (headers.get('DPoP-Nonce') ?? undefined) : undefined
}
