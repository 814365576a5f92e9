import { safeReturnUrl } from '../browser/safe-return-url.js'
import { BearerRequestError } from '../core/errors.js'
import type { ChallengeContext } from '../core/events.js'
import type { Request } from '../core/express.js'
import { checkNames, readFunction, readText } from '../core/option-checks.js'
import { challengeLines } from '../core/responses/challenge-lines.js'
import { bringsToken } from './own-credentials.js'
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
 * they are not signed in: 303 for page loads and for forms that come too late, 401 and JSON for
 * everything else. What such a form held is lost, so its sender comes back to `/`.
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
      const isMalformed = context.authenticateFailure instanceof BearerRequestError
      res.setHeader('WWW-Authenticate', challengeLines(context.options, context))
      sendProblem(res, isMalformed ? 400 : 401, isMalformed ? 'Bad Request' : 'Unauthorized')
      return
    }
    // What a form sent is lost: its address alone would show nothing, or do something else.
    const target = isReading(req) ? returnUrl(req, loginPath) : '/'
    res.setHeader('Cache-Control', 'private, no-store')
    res.vary('Cookie')
    const query = [[parameter, target] as const, ...wantedOf(context)]
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join('&')
    res.redirect(303, `${loginPath}?${query}`)
  }
}

// RFC 9470 section 3: what the login page has to ask the issuer for.
function wantedOf({
  acrValues,
  maxAge,
}: ChallengeContext): readonly (readonly [name: string, value: string])[] {
  return [
    ...(acrValues === undefined ? [] : [['acr_values', acrValues] as const]),
    ...(maxAge === undefined ? [] : [['max_age', String(maxAge)] as const]),
  ]
}

function returnUrl({ originalUrl }: Request, loginPath: string): string {
  // A second slash would make the first path segment another host (CVE-2022-24794).
  return safeReturnUrl(originalUrl.replace(/^\/+/, '/'), { deny: [loginPath] })
}

function isReading({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD'
}

// What a form without a script can send.
const formType =
  /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain) *(?:;|$)/i

function waitsForPage(req: Request): boolean {
  const { headers, method } = req
  if (!isReading(req) && method !== 'POST') return false
  // A caller who sends a token of its own is a program.
  if (bringsToken(req)) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  if (headers['x-requested-with'] !== undefined) return false
  if (method === 'POST' && !formType.test(headers['content-type'] ?? '')) return false
  return req.accepts(['json', 'html']) === 'html'
}

function isAt(req: Request, path: string): boolean {
  return withoutSlashes(`${req.baseUrl}${req.path}`) === withoutSlashes(path)
}

// A loop: an expression that looks for slashes at the end takes a square of the time for slashes elsewhere.
function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end -= 1
  return path.slice(0, end).toLowerCase()
}
