import type { TokenResponse, TokenStoreService } from '../browser/token-store-service.js'
import type { Request, RequestHandler, Response } from '../core/express.js'
import { MetadataUnavailableError } from '../core/errors.js'
import { handOver } from '../internal/hand-over.js'
import { authState } from './auth-state.js'
import { outageOf } from './outage.js'
import { appLimit, revokeQuietly } from './revoke.js'
import type { SessionSettings } from './settings.js'
import { markPrivate } from './private-response.js'
import { sendProblem } from './problem.js'
import { isCrossOrigin, refuseCrossOrigin } from './same-origin-guard.js'
import { expiryOf, readTokens } from './session-data.js'
import { TimeLimitError, within } from '../internal/time-limit.js'
import { unavailable } from './unavailable.js'

/** What the routes work with. */
export interface RouteParts {
  readonly settings: SessionSettings
  readonly tokenStore: (req: Request, res: Response) => TokenStoreService
  /** Loads the session of a request once more, in place of a token that is of no use. */
  readonly reload: (req: Request, rejected: string) => Promise<void>
}

type Route = (req: Request, res: Response) => Promise<void> | void

const signOutPath = '/tokens/logout'

/** Tells whether a request signs out, wherever the routes are mounted. */
export function isSignOut({ method, path }: Request): boolean {
  return method === 'POST' && path.endsWith(signOutPath)
}

/** Creates the four routes of a session; any other request goes on. */
export function createRoutes({ settings, tokenStore, reload }: RouteParts): RequestHandler {
  async function signIn(req: Request): Promise<TokenResponse | undefined> {
    try {
      const work = (signal: AbortSignal) => settings.login(req.body, req, signal)
      return (await within(appLimit, work, forsake)) ?? undefined
    } catch (cause) {
      if (cause instanceof TimeLimitError) throw unavailable('The sign-in took too long', cause)
      throw cause
    }
  }

  // Tokens that nobody will ever hold.
  function forsake(tokens: TokenResponse | null | undefined): void {
    if (tokens?.accessToken) void revokeQuietly(settings, tokens)
  }

  const routes: Readonly<Record<string, Route>> = {
    'POST /tokens/create': async (req, res) => {
      const tokens = await signIn(req)
      // One answer for every reason: an unknown user is not told apart from a wrong password.
      if (tokens === undefined) {
        sendProblem(res, 401, 'Sign-in failed')
        return
      }
      try {
        await tokenStore(req, res).set(tokens)
      } catch (error) {
        forsake(tokens)
        throw error
      }
      sendTokens(res, readTokens(tokens))
    },
    'POST /tokens/refresh': async (req, res) => {
      const rejected = rejectedToken(req.body)
      const store = tokenStore(req, res)
      let tokens = await store.get()
      if (tokens !== undefined && (tokens.accessToken === rejected || isOver(tokens, settings))) {
        await reload(req, tokens.accessToken)
        tokens = await store.get()
      }
      if (tokens === undefined || isOver(tokens, settings)) sendProblem(res, 401, 'Not signed in')
      else sendTokens(res, tokens)
    },
    [`POST ${signOutPath}`]: async (req, res) => {
      await tokenStore(req, res).clear()
      res.status(204).end()
    },
    'GET /me': (req, res) => {
      // An outage is no sign-out.
      const outage = outageOf(req)
      if (outage !== undefined) throw outage
      const state = authState(req)
      if (state.user === null) sendProblem(res, 401, 'Not signed in')
      else res.json(state)
    },
  }

  return (req, res, next) => {
    // HEAD is GET without the body, which Node leaves out.
    const name = `${req.method === 'HEAD' ? 'GET' : req.method} ${req.path}`
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined
    if (route === undefined) {
      next()
      return
    }
    // The login too: a page that signs its visitor in as somebody else collects what they enter then.
    if (isCrossOrigin(req, settings.trustedOrigins)) {
      refuseCrossOrigin(res)
      return
    }
    Promise.resolve()
      .then(() => route(req, res))
      .catch((error: unknown) => {
        if (res.headersSent || !(error instanceof MetadataUnavailableError)) throw error
        res.setHeader('Retry-After', String(error.retryAfter))
        sendProblem(res, 503, 'The session is not available now')
      })
      .catch((error: unknown) => {
        handOver(error, res, next)
      })
  }
}

function rejectedToken(body: unknown): string | undefined {
  const rejected = (body as { rejected?: unknown } | null | undefined)?.rejected
  return typeof rejected === 'string' ? rejected : undefined
}

// Where nobody said how long a token lives, the token itself may.
function isOver(
  { accessToken, expiresIn }: TokenResponse,
  { clock }: Pick<SessionSettings, 'clock'>,
): boolean {
  if (expiresIn !== undefined) return expiresIn <= 0
  const exp = expiryOf(accessToken)
  return exp !== undefined && exp * 1000 <= clock()
}

// Named one by one: the refresh token stays here, whatever else an issuer puts into its answer.
function sendTokens(res: Response, { accessToken, tokenType, expiresIn }: TokenResponse): void {
  markPrivate(res)
  res.json({ accessToken, tokenType: tokenType ?? 'Bearer', expiresIn })
}
