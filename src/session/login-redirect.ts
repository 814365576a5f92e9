import { safeReturnUrl } from '../browser/safe-return-url.js'
import { BearerRequestError } from '../core/errors.js'
import type { ChallengeContext } from '../core/events.js'
import type { Request } from '../core/express.js'
import { checkNames, readFunction, readText } from '../core/option-checks.js'
import { formatChallenge } from '../core/responses/www-authenticate.js'
import { sendProblem } from './problem.js'

/** What {@link loginRedirect} accepts. */
export interface LoginRedirectOptions {
  /**
   * Path of the login page.
   *
   * @defaultValue `'/login'`
   */
  loginPath?: string | undefined
  /**
   * Name of the query parameter that says where to come back to.
   *
   * @defaultValue `'ReturnUrl'`
   */
  parameter?: string | undefined
  /** Tells whether a person waits for a page. By default `Sec-Fetch-Mode` and `Accept` tell. */
  isPageLoad?: ((req: Request) => boolean) | undefined
}

/**
 * Creates a handler for `onChallenge` that sends people to the login page and tells programs that
 * they are not signed in: 303 for page loads, 401 and JSON for everything else.
 *
 * @param options - Where the login page is.
 *
 * @example
 * ```ts
 * app.use(jwtBearer({ ...options, events: { onChallenge: loginRedirect() } }))
 * ```
 */
export function loginRedirect(
  options: LoginRedirectOptions = {},
): (context: ChallengeContext) => void {
  checkNames(options, ['loginPath', 'parameter', 'isPageLoad'], 'the options of loginRedirect()')
  const loginPath = readText(options.loginPath, 'loginPath') ?? '/login'
  const parameter = readText(options.parameter, 'parameter') ?? 'ReturnUrl'
  const isPageLoad = readFunction(options.isPageLoad, 'isPageLoad') ?? waitsForPage

  return (context) => {
    const { req, res } = context
    context.handleResponse()
    res.vary('Accept, Sec-Fetch-Mode')
    // Somebody who is refused on the login page itself would be sent there for ever.
    if (!isPageLoad(req) || isAt(req, loginPath)) {
      const { error, errorDescription, errorUri, scope } = context
      const { realm } = context.options
      const isMalformed = context.authenticateFailure instanceof BearerRequestError
      res.setHeader(
        'WWW-Authenticate',
        formatChallenge({ realm, error, errorDescription, errorUri, scope }),
      )
      sendProblem(res, isMalformed ? 400 : 401, isMalformed ? 'Bad Request' : 'Unauthorized')
      return
    }
    // A second slash would make the first path segment another host (CVE-2022-24794).
    const target = safeReturnUrl(req.originalUrl.replace(/^\/+/, '/'), { deny: [loginPath] })
    res.setHeader('Cache-Control', 'private, no-store')
    res.vary('Cookie')
    res.redirect(303, `${loginPath}?${parameter}=${encodeURIComponent(target)}`)
  }
}

function waitsForPage(req: Request): boolean {
  if (req.method !== 'GET' && req.method !== 'HEAD') return false
  // A caller who sends credentials of its own is a program.
  if (req.headers.authorization !== undefined) return false
  const mode = req.headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  if (req.headers['x-requested-with'] !== undefined) return false
  return req.accepts(['json', 'html']) === 'html'
}

function isAt(req: Request, path: string): boolean {
  const here = `${req.baseUrl}${req.path}`.replace(/\/+$/, '').toLowerCase()
  return here === path.replace(/\/+$/, '').toLowerCase()
}
