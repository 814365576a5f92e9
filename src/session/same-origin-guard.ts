import type { Middleware, Request, Response } from '../core/express.js'
import { checkNames } from '../core/option-checks.js'
import { isOwnOrigin } from './own-origin.js'
import { readOrigins } from './settings.js'
import { sendProblem } from './problem.js'

/** What {@link sameOriginGuard} accepts. */
export interface SameOriginGuardOptions {
  /**
   * Other origins whose pages may send requests that change something.
   *
   * @remarks A page of such an origin can do anything in the name of a signed-in visitor.
   *
   * @defaultValue `[]`
   */
  trustedOrigins?: readonly string[] | undefined
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Creates a guard that refuses with 403 what another site makes a visitor's browser send.
 *
 * `createSession()` does the same by itself for its routes and for every request that brings its
 * cookie; this is for forms of the app's own that nobody is signed in to yet.
 *
 * @param options - Who else may send.
 *
 * @example A login form that works without scripts
 * ```ts
 * app.post('/login', sameOriginGuard(), express.urlencoded(), handleLogin)
 * ```
 */
export function sameOriginGuard(options: SameOriginGuardOptions = {}): Middleware {
  checkNames(options, ['trustedOrigins'], 'the options of sameOriginGuard()')
  const trustedOrigins = readOrigins(options.trustedOrigins)
  return (req, res, next) => {
    if (isCrossOrigin(req as Request, trustedOrigins)) refuseCrossOrigin(res as Response)
    else next()
  }
}

/** Tells whether another site's page made the browser send a request that may change something. */
export function isCrossOrigin(req: Request, trustedOrigins: readonly string[]): boolean {
  const { origin, 'sec-fetch-site': site } = req.headers
  if (safeMethods.has(req.method)) return false
  if (site === 'same-origin' || site === 'none') return false
  if (origin !== undefined && trustedOrigins.includes(origin)) return false
  if (site !== undefined) return true
  // Browsers without Fetch Metadata send an Origin; without either it is no browser.
  return origin !== undefined && !isOwnOrigin(req, origin)
}

/** Answers such a request. */
export function refuseCrossOrigin(res: Response): void {
  sendProblem(res, 403, 'Cross-origin request refused')
}
