import type { CredentialsScheme } from '../proof-of-possession.js'
import type { AuthenticateResult } from './result.js'
import { noAuthentication } from './result.js'
import type { AuthenticationScheme } from './scheme.js'

/** What one scheme found out about a request. */
export interface SchemeResult {
  readonly scheme: AuthenticationScheme
  readonly result: AuthenticateResult
  /** The word with which the caller introduced its token. */
  readonly credentials?: CredentialsScheme | undefined
  /** Whether the caller's nonce is about to end, so that it should get another. */
  readonly isNonceEnding?: boolean | undefined
}

/** What is known about a request. */
export interface RequestState {
  /** What each scheme found out, in mount order. */
  readonly results: SchemeResult[]
  /** The result that the last guard relied on. */
  used: AuthenticateResult | undefined
  /** What guards that were passed asked scopes for; absent before the first. */
  passed: PassedGuard[] | undefined
  /** Whether anybody has asked what came out. */
  looked: boolean
}

/** A guard that a caller was let through. */
interface PassedGuard {
  readonly scheme: string
  /** Alternatives of each requirement. */
  readonly scopes: readonly (readonly string[])[]
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
    states.set(request, { results: [found], used: undefined, passed: undefined, looked: false })
    return isSuccess
  }
  const isFirst = !state.results.some(({ result }) => result.kind === 'success')
  state.results.push(found)
  return isSuccess && isFirst
}

/** Finds what is known about a request; nothing before the first `jwtBearer()` has looked at it. */
export function stateOf(request: object): RequestState | undefined {
  return states.get(request)
}

/** Finds what the scheme of this name found out. */
export function resultOf(
  state: RequestState | undefined,
  scheme: string,
): SchemeResult | undefined {
  return state?.results.find((found) => found.scheme.name === scheme)
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
  const state = stateOf(request)
  if (state !== undefined) state.looked = true
  if (scheme !== undefined) return resultOf(state, scheme)?.result ?? noAuthentication
  const { used, results = [] } = state ?? {}
  if (used !== undefined) return used
  const found =
    results.find(({ result }) => result.kind === 'success') ??
    results.find(({ result }) => result.kind === 'failure')
  return found?.result ?? noAuthentication
}
