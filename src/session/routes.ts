import type { TokenResponse, TokenStoreService } from '../browser/token-store-service.js'
import type { Request, RequestHandler, Response } from '../core/express.js'
import { MetadataUnavailableError } from '../core/errors.js'
import { authState } from './auth-state.js'
import type { SessionSettings } from './settings.js'
import { markPrivate } from './private-response.js'
import { sendProblem } from './problem.js'
import { isCrossOrigin, refuseCrossOrigin } from './same-origin-guard.js'

/** What the routes work with. */
export interface RouteParts {
  readonly settings: SessionSettings
  readonly tokenStore: (req: Request, res: Response) => TokenStoreService
  /** Loads the session of a request once more, in place of a token that an API has refused. */
  readonly reload: (req: Request, res: Response, rejected: string | undefined) => Promise<void>
}

type Route = (req: Request, res: Response) => Promise<void>

/** Creates the four routes of a session; any other request goes on. */
export function createRoutes({ settings, tokenStore, reload }: RouteParts): RequestHandler {
  const routes: Readonly<Record<string, Route>> = {
    'POST /tokens/create': async (req, res) => {
      const tokens = await settings.login(req.body, req)
      // One answer for every reason: an unknown user is not told apart from a wrong password.
      if (tokens === undefined) {
        sendProblem(res, 401, 'Sign-in failed')
        return
      }
      await tokenStore(req, res).set(tokens)
      sendTokens(res, tokens)
    },
    'POST /tokens/refresh': async (req, res) => {
      await reload(req, res, rejectedToken(req.body))
      const tokens = await tokenStore(req, res).get()
      if (tokens === undefined) sendProblem(res, 401, 'Not signed in')
      else sendTokens(res, tokens)
    },
    'POST /tokens/logout': async (req, res) => {
      await tokenStore(req, res).clear()
      res.status(204).end()
    },
    'GET /me': async (req, res) => {
      const state = authState(req)
      if (state.user !== null) {
        res.json(state)
        return
      }
      // Rejects when nobody could tell: an outage is no sign-out.
      await tokenStore(req, res).get()
      sendProblem(res, 401, 'Not signed in')
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
    route(req, res).catch((error: unknown) => {
      if (!(error instanceof MetadataUnavailableError)) {
        next(error)
        return
      }
      res.setHeader('Retry-After', String(error.retryAfter))
      sendProblem(res, 503, 'The session cannot be refreshed now')
    })
  }
}

function rejectedToken(body: unknown): string | undefined {
  const rejected = (body as { rejected?: unknown } | null | undefined)?.rejected
  return typeof rejected === 'string' ? rejected : undefined
}

// Named one by one: the refresh token stays here, whatever else an issuer puts into its answer.
function sendTokens(res: Response, { accessToken, tokenType, expiresIn }: TokenResponse): void {
  markPrivate(res)
  res.json({ accessToken, tokenType: tokenType ?? 'Bearer', expiresIn })
}
