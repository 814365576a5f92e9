import type { TokenStoreService } from '../browser/token-store-service.js'
import { MetadataUnavailableError } from '../core/errors.js'
import type { MessageReceivedContext } from '../core/events.js'
import type { Request, RequestHandler, Response } from '../core/express.js'
import { handOver } from '../internal/hand-over.js'
import { keepInCookie, keepOnServer } from './keeper.js'
import type { SessionOptions } from './options.js'
import { resolveSession } from './settings.js'
import { bringsToken } from './own-credentials.js'
import { markPrivate } from './private-response.js'
import { recordSession, sessionOf } from './request-session.js'
import { createRoutes, isSignOut } from './routes.js'
import { isCrossOrigin, refuseCrossOrigin } from './same-origin-guard.js'
import { prepareCookie } from './sign-in-cookie.js'
import { createTokenStore } from './token-store.js'
import { unavailable } from './unavailable.js'

/** One sign-in for pages that the server renders and pages that run in the browser. */
export interface Session {
  /**
   * Loads the session behind the cookie and refreshes its token, before anything is sent. Refuses
   * with 403 what another site makes the browser send with the cookie. Goes in front of `jwtBearer()`.
   * A request to `/tokens/logout` is let through as it is: signing out never refreshes first.
   */
  readonly middleware: RequestHandler
  /**
   * For the event of the same name: takes the token from the session, unless the request brings one of
   * its own. A `Bearer` or `DPoP` header, good or bad, is never replaced by the cookie; beside any other
   * scheme, which browsers send by themselves, the cookie counts.
   */
  readonly onMessageReceived: (context: MessageReceivedContext) => void
  /**
   * Serves `POST /tokens/create`, `POST /tokens/refresh`, `POST /tokens/logout` and `GET /me`. Goes
   * behind `express.json()` and `jwtBearer()`.
   */
  readonly routes: RequestHandler
  /**
   * Opens the token store of a request, for handlers that sign in or out or call an API themselves. One
   * that signs out may stand in front of {@link Session.middleware}, where it waits for no refresh.
   */
  tokenStore(req: Request, res: Response): TokenStoreService
}

/**
 * Creates a sign-in that lives in a cookie: the server renders every page as its user from the first
 * byte, and the page's own code acts as the same user.
 *
 * @param options - How users sign in, and how long that lasts.
 * @throws {@link ConfigurationError} when the set-up could not work or would not be safe.
 *
 * @example
 * ```ts
 * const session = createSession({ login, refresh, logout })
 * app.use(session.middleware, express.json())
 * app.use(jwtBearer({
 *   authority: 'https://issuer.example',
 *   audience: 'api://orders',
 *   events: { onMessageReceived: session.onMessageReceived, onChallenge: loginRedirect() },
 * }))
 * app.use(session.routes)
 * ```
 */
export function createSession(options: SessionOptions): Session {
  const settings = resolveSession(options)
  const cookie = prepareCookie(settings)
  const keeper = settings.keepsToken ? keepInCookie(settings) : keepOnServer(settings)
  const tokenStore = (req: Request, res: Response): TokenStoreService =>
    createTokenStore(req, res, { settings, cookie, keeper })

  async function load(req: Request, rejected?: string): Promise<void> {
    // With a token in the header the cookie speaks for nobody.
    const value = bringsToken(req) ? undefined : cookie.read(req)
    try {
      const tokens = value === undefined ? undefined : await keeper.open(value, rejected)
      recordSession(req, { settings, tokens })
    } catch (cause) {
      // Public pages stay up; whoever needs to know the user learns that nobody can tell now.
      const isOurs = cause instanceof MetadataUnavailableError
      const failure = isOurs ? cause : unavailable('The session cannot be read now', cause)
      recordSession(req, { settings, failure })
    }
  }

  return {
    middleware: (req, res, next) => {
      if (!bringsToken(req) && cookie.isSent(req) && isCrossOrigin(req, settings.trustedOrigins)) {
        refuseCrossOrigin(res)
        return
      }
      if (isSignOut(req)) {
        // Whoever leaves needs no fresh token, and does not wait for an issuer or a store.
        recordSession(req, { settings })
        next()
        return
      }
      load(req)
        .then(() => {
          // Somebody else may have answered meanwhile, such as a limit on the time a request takes.
          if (!res.headersSent) next()
        })
        .catch((error: unknown) => {
          handOver(error, res, next)
        })
    },
    onMessageReceived: (context) => {
      if (bringsToken(context.req)) return
      const { tokens, failure } = sessionOf(context.req)
      if (failure !== undefined) throw failure
      if (tokens === undefined) return
      markPrivate(context.res)
      context.token = tokens.accessToken
    },
    routes: createRoutes({ settings, tokenStore, reload: load }),
    tokenStore,
  }
}
