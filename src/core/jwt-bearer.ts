import { authenticate } from './authentication/authenticate.js'
import type { JwtBearerOptions } from './authentication/options.js'
import type { AuthenticationRequest } from './authentication/read-token.js'
import type { HeaderPairs, RequestWithHeaders } from './authentication/request-view.js'
import { recordResult, resultOf, stateOf } from './authentication/request-state.js'
import type { AuthenticateResult } from './authentication/result.js'
import { resolveScheme, type AuthenticationScheme } from './authentication/scheme.js'
import { publisher } from '../internal/diagnostics.js'
import { codeOf, ConfigurationError, isAboutTheCaller } from './errors.js'
import type { Middleware, NextFunction, Request, Response } from './express.js'
import { handOver, isAnswered } from '../internal/hand-over.js'
import { isPromise } from '../internal/maybe-promise.js'
import type { ClaimsPrincipal, JwtClaims } from './claims-principal.js'
import { nothingConfirmed, type Walk } from './walk.js'
import { authenticationRequired } from './responses/http-error.js'
import { warnIfUnguarded } from './unguarded.js'

/** The middleware that {@link jwtBearer} makes, and its other doors. */
export interface JwtBearerMiddleware<TClaims = JwtClaims> extends Middleware {
  /** Fetches metadata and keys now; rejects if it cannot. For checks at start-up; with local keys there is nothing to do. */
  readonly ready: () => Promise<void>
  /**
   * Finds out who calls without Express: for WebSocket upgrades and other servers.
   *
   * @param request - Anything with headers: Node's and Fetch's requests, or an object whose `headers` are a plain
   * object with names in any case, a `Map` or Fetch's `Headers`; those also by themselves. Duplicate lines are
   * seen through `rawHeaders` or `headersDistinct` where the request has them.
   * @returns The outcome; never rejects. What cannot be read as headers is a failure with a `TypeError`.
   */
  readonly authenticate: (
    request: AuthenticationRequest | RequestWithHeaders | HeaderPairs,
  ) => Promise<AuthenticateResult>
  /**
   * Reads the caller of a request, with the claims typed by `claimsSchema`.
   *
   * @throws 401 `ERR_AUTHENTICATION_REQUIRED` when this middleware found no caller.
   */
  readonly user: (req: object) => ClaimsPrincipal<TClaims>
}

/**
 * Finds out who calls: checks the bearer token of each request and leaves the outcome on it.
 *
 * It never answers a request because of a token, so on its own it protects nothing: put
 * {@link authorize} in front of what must not be public.
 *
 * @param options - Whose tokens are good, and what to do around the check.
 * @throws {@link ConfigurationError} when the set-up could not work or would not be safe. This happens
 * while the app starts, never during a request.
 *
 * @example Tokens signed with a shared secret
 * ```ts
 * app.use(jwtBearer({
 *   audience: 'api://orders',
 *   tokenValidationParameters: {
 *     validIssuer: 'https://issuer.example',
 *     issuerSigningKey: symmetricKey(secret),
 *   },
 * }))
 * app.use(authorize())
 * ```
 */
export function jwtBearer<TClaims extends object = JwtClaims>(
  options: JwtBearerOptions<TClaims>,
): JwtBearerMiddleware<TClaims> {
  refuseRequest(options)
  const scheme = resolveScheme(options as JwtBearerOptions<never>)

  const { onMessageReceived, onTokenValidated, onAuthenticationFailed } = scheme.events
  const mayAnswer = (onMessageReceived ?? onTokenValidated ?? onAuthenticationFailed) !== undefined
  // To look at the environment takes longer than to refuse.
  const isDevelopment = process.env['NODE_ENV'] !== 'production'

  function jwtBearerMiddleware(req: Request, res: Response, next: NextFunction): void {
    const earlier = resultOf(stateOf(req), scheme.name)
    if (earlier !== undefined) {
      next(earlier.scheme === scheme ? undefined : sameName(scheme.name))
      return
    }
    const walk = walkOf(scheme, req, res)
    const goOn = (found: AuthenticateResult) => {
      record(req, scheme, walk, found)
      // An event may have answered; whatever follows would write a second time. Asked only where there is
      // one: Express gives each request and response a shape of its own, so that reading them is slow.
      if (mayAnswer && isAnswered(res)) {
        // No guard is left that would report a fault of the event's.
        if (found.kind === 'failure' && !isAboutTheCaller(found.error)) {
          handOver(found.error, res, next)
        }
        return
      }
      if (found.kind === 'failure' && isDevelopment) warnIfUnguarded(req, res, found.error)
      next()
    }
    const result = authenticate(scheme, walk)
    // What is thrown after a wait has nobody above to catch it.
    if (isPromise(result)) {
      void result.then(goOn).then(undefined, (thrown: unknown) => {
        handOver(thrown, res, next)
      })
    } else goOn(result)
  }

  return Object.assign(jwtBearerMiddleware as Middleware, {
    ready: scheme.ready,
    // An async function, so that the result is a promise whatever the walk was.
    authenticate: async (request: AuthenticationRequest | RequestWithHeaders | HeaderPairs) => {
      const walk = walkOf(scheme, request as unknown as Request, undefined)
      const result = await authenticate(scheme, walk)
      publish(scheme, result)
      return result
    },
    user: (req: object) => {
      const state = stateOf(req)
      if (state !== undefined) state.looked = true
      const result = resultOf(state, scheme.name)?.result
      if (result?.kind !== 'success') {
        throw authenticationRequired(scheme, (req as Partial<Request>).res)
      }
      return result.principal as ClaimsPrincipal<TClaims>
    },
  })
}

function walkOf(
  { name: scheme, options }: AuthenticationScheme,
  req: Request,
  res: Response | undefined,
): Walk {
  return {
    req,
    res,
    scheme,
    options,
    credentials: undefined,
    confirmations: nothingConfirmed,
    isNonceEnding: false,
  }
}

const authenticated = publisher('express-jwt-bearer:authenticated')
const failed = publisher('express-jwt-bearer:failed')

function publish({ name: scheme }: AuthenticationScheme, result: AuthenticateResult): void {
  if (result.kind === 'success') authenticated(() => ({ scheme }))
  if (result.kind === 'failure') failed(() => ({ scheme, code: codeOf(result.error) }))
}

function record(
  req: Request,
  scheme: AuthenticationScheme,
  { credentials, isNonceEnding }: Walk,
  result: AuthenticateResult,
): void {
  const isFirst = recordResult(req, { scheme, result, credentials, isNonceEnding })
  if (result.kind === 'success' && isFirst) req.user = result.principal
  publish(scheme, result)
}

// `app.use(jwtBearer)` hands a request over where the options belong.
function refuseRequest(options: unknown): void {
  if (typeof options === 'object' && options !== null && 'httpVersion' in options) {
    throw new ConfigurationError(
      'jwtBearer was handed to Express without being called; write app.use(jwtBearer(options))',
    )
  }
}

function sameName(name: string): ConfigurationError {
  return new ConfigurationError(
    `Two jwtBearer() with different options share the scheme name "${name}"; give each a "scheme" of its own`,
  )
}
