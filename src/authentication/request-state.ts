import type { AuthenticateResult } from './result.js'
import { noAuthentication } from './result.js'
import type { AuthenticationScheme } from './scheme.js'

/** What one scheme found out about a request. */
export interface SchemeResult {
  readonly scheme: AuthenticationScheme
  readonly result: AuthenticateResult
}

interface RequestState {
  /** In mount order. */
  readonly results: SchemeResult[]
  /** The result that the last guard relied on. */
  used: AuthenticateResult | undefined
}

const key = Symbol('express-jwt-bearer')

let stateOf: (request: object) => RequestState | undefined

/**
 * Holds what is kept on a request. Only this module can look inside, and it counts only on the request it
 * was made for, so that no other middleware can forge or copy what guards rely on.
 */
class Holder {
  readonly #request: object
  readonly #state: RequestState = { results: [], used: undefined }

  constructor(request: object) {
    this.#request = request
  }

  static {
    stateOf = (request) => {
      const holder = (request as { [key]?: unknown })[key]
      const isOurs = typeof holder === 'object' && holder !== null && #state in holder
      return isOurs && holder.#request === request ? holder.#state : undefined
    }
  }
}

/** Keeps what a scheme found out. */
export function recordResult(request: object, found: SchemeResult): void {
  if (stateOf(request) === undefined) {
    Object.defineProperty(request, key, { value: new Holder(request), configurable: true })
  }
  ;(stateOf(request) as RequestState).results.push(found)
}

/** Finds what the scheme of this name found out. */
export function resultOf(request: object, scheme: string): SchemeResult | undefined {
  return stateOf(request)?.results.find((found) => found.scheme.name === scheme)
}

/** Lists what every scheme found out, in mount order. */
export function resultsOf(request: object): readonly SchemeResult[] {
  return stateOf(request)?.results ?? []
}

/** Notes the result that a guard relied on. */
export function useResult(request: object, result: AuthenticateResult): void {
  const state = stateOf(request)
  if (state !== undefined) state.used = result
}

/**
 * Reads what `jwtBearer()` found out about a request.
 *
 * @param request - The request.
 * @param scheme - Name of one scheme. Without it: the result the last guard relied on, else the first
 * success, else the first failure.
 *
 * @example The token's expiry in a handler
 * ```ts
 * app.get('/session', authorize(), (req, res) => {
 *   const authentication = getAuthentication(req)
 *   res.json({ expiresAt: authentication.kind === 'success' ? authentication.expiresAt : undefined })
 * })
 * ```
 */
export function getAuthentication(request: object, scheme?: string): AuthenticateResult {
  if (scheme !== undefined) return resultOf(request, scheme)?.result ?? noAuthentication
  const used = stateOf(request)?.used
  if (used !== undefined) return used
  const results = resultsOf(request)
  const found =
    results.find(({ result }) => result.kind === 'success') ??
    results.find(({ result }) => result.kind === 'failure')
  return found?.result ?? noAuthentication
}
