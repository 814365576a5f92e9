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

// Held outside the request, where no other middleware can write: guards trust nothing else.
const states = new WeakMap<object, RequestState>()

/**
 * Keeps what a scheme found out.
 *
 * @returns Whether it is the request's first success.
 */
export function recordResult(request: object, found: SchemeResult): boolean {
  const state = states.get(request)
  const isSuccess = found.result.kind === 'success'
  if (state === undefined) {
    states.set(request, { results: [found], used: undefined })
    return isSuccess
  }
  const isFirst = !state.results.some(({ result }) => result.kind === 'success')
  state.results.push(found)
  return isSuccess && isFirst
}

/** Finds what the scheme of this name found out. */
export function resultOf(request: object, scheme: string): SchemeResult | undefined {
  return states.get(request)?.results.find((found) => found.scheme.name === scheme)
}

/** Lists what every scheme found out, in mount order. */
export function resultsOf(request: object): readonly SchemeResult[] {
  return states.get(request)?.results ?? []
}

/** Notes the result that a guard relied on. */
export function useResult(request: object, result: AuthenticateResult): void {
  const state = states.get(request)
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
  const used = states.get(request)?.used
  if (used !== undefined) return used
  const results = resultsOf(request)
  const found =
    results.find(({ result }) => result.kind === 'success') ??
    results.find(({ result }) => result.kind === 'failure')
  return found?.result ?? noAuthentication
}
