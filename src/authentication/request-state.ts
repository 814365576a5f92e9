import type { AuthenticateResult } from './result.js'
import { noAuthentication } from './result.js'
import type { AuthenticationScheme } from './scheme.js'

/** What one scheme found out about a request. */
export interface SchemeResult {
  readonly scheme: AuthenticationScheme
  readonly result: AuthenticateResult
}

const key = Symbol('express-jwt-bearer')

/**
 * What is kept on a request. Only this module can make one, and it counts only on the request it was made
 * for, so that no other middleware can forge or copy what guards rely on.
 */
class RequestState {
  readonly #request: object
  /** In mount order. */
  readonly results: SchemeResult[] = []
  /** The result that the last guard relied on. */
  used: AuthenticateResult | undefined

  private constructor(request: object) {
    this.#request = request
  }

  static of(request: object): RequestState | undefined {
    const state = (request as { [key]?: unknown })[key]
    const isOurs = typeof state === 'object' && state !== null && #request in state
    return isOurs && state.#request === request ? state : undefined
  }

  static create(request: object): RequestState {
    const state = new RequestState(request)
    Object.defineProperty(request, key, { value: state, configurable: true })
    return state
  }
}

/** Keeps what a scheme found out. */
export function recordResult(request: object, found: SchemeResult): void {
  const state = RequestState.of(request) ?? RequestState.create(request)
  state.results.push(found)
}

/** Finds what the scheme of this name found out. */
export function resultOf(request: object, scheme: string): SchemeResult | undefined {
  return RequestState.of(request)?.results.find((found) => found.scheme.name === scheme)
}

/** Lists what every scheme found out, in mount order. */
export function resultsOf(request: object): readonly SchemeResult[] {
  return RequestState.of(request)?.results ?? []
}

/** Notes the result that a guard relied on. */
export function useResult(request: object, result: AuthenticateResult): void {
  const state = RequestState.of(request)
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
  const used = RequestState.of(request)?.used
  if (used !== undefined) return used
  const results = resultsOf(request)
  const found =
    results.find(({ result }) => result.kind === 'success') ??
    results.find(({ result }) => result.kind === 'failure')
  return found?.result ?? noAuthentication
}
