import { ConfigurationError } from '../core/errors.js'
import {
  discardBody,
  parseJsonObject,
  readBody,
  TooLargeError,
} from '../core/keys/response-body.js'
import { NoAnswerError, withTimeLimit } from '../core/keys/time-limit.js'
import { readRetryAfter } from '../internal/retry-after.js'
import { CallError } from './call-error.js'
import type { ClientAuthentication, ClientAuthenticator } from './client-authentication.js'

/** How the endpoint is called. */
export interface CallSettings {
  readonly authenticate: ClientAuthenticator
  readonly fetch: typeof globalThis.fetch
  /** Limit on one call, in seconds. */
  readonly timeout: number
  readonly clock: () => number
}

/**
 * Asks about one token (RFC 7662 section 2.1). Redirects are not followed: the token and our credentials
 * would go along.
 *
 * @returns The endpoint's answer, a JSON object.
 * @throws {@link CallError} when there is none. Nothing that the endpoint or a `fetch` of the user's said is
 * quoted in it: it may hold the token.
 */
export async function callEndpoint(
  endpoint: string,
  token: string,
  settings: CallSettings,
): Promise<Record<string, unknown>> {
  let isAsked = false
  try {
    return await withTimeLimit(settings.timeout, async (signal) => {
      const authentication = await settings.authenticate({ endpoint })
      const { fetch = settings.fetch } = authentication
      const request = requestOf(token, authentication, signal)
      isAsked = true
      return read(await fetch(endpoint, request), settings.clock)
    })
  } catch (error) {
    if (error instanceof CallError || error instanceof ConfigurationError) throw error
    if (!isAsked) throw new CallError('token', '"clientAuthentication" failed')
    throw new CallError('endpoint', reasonOf(error, settings.timeout))
  }
}

function requestOf(
  token: string,
  authentication: ClientAuthentication,
  signal: AbortSignal,
): RequestInit {
  const headers = new Headers(authentication.headers)
  headers.set('Content-Type', 'application/x-www-form-urlencoded')
  headers.set('Accept', 'application/json')
  const added = new URLSearchParams(authentication.body)
  for (const name of ['token', 'token_type_hint']) added.delete(name)
  const form = new URLSearchParams([
    ['token', token],
    ['token_type_hint', 'access_token'],
    ...added,
  ])
  // A text, which libraries older than fetch understand too.
  return { method: 'POST', headers, body: form.toString(), redirect: 'manual', signal }
}

async function read(response: Response, clock: () => number): Promise<Record<string, unknown>> {
  const { status } = response
  if (status === 400) throw await refusalOf(response)
  if (status !== 200 || response.redirected) {
    discardBody(response.body)
    if (status === 401 || status === 403) throw refused(status)
    const counts = status === 429 || status >= 500
    const retryAfter = readRetryAfter(response.headers.get('Retry-After'), clock())
    throw new CallError(counts ? 'endpoint' : 'token', `it answered ${status}`, retryAfter)
  }
  const answer = parseJsonObject(await readAnswer(response))
  if (answer !== undefined) return answer
  throw new CallError('token', 'it answered with something that is no JSON object')
}

// RFC 6749 section 5.2, to which RFC 7662 section 2.3 refers.
async function refusalOf(response: Response): Promise<CallError> {
  const answer = parseJsonObject(await readAnswer(response))
  const isAboutUs =
    answer?.['error'] === 'invalid_client' || answer?.['error'] === 'unauthorized_client'
  return isAboutUs ? refused(400) : new CallError('token', 'it answered 400')
}

function refused(status: number): CallError {
  return new CallError('credentials', `refused this API's own credentials (${status})`)
}

async function readAnswer(response: Response): Promise<string> {
  try {
    return await readBody(response)
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error
    throw new CallError('token', `it answered with ${error.message}`)
  }
}

function reasonOf(error: unknown, timeout: number): string {
  if (error instanceof NoAnswerError) return `no answer within ${timeout} s`
  // Node's fetch keeps the reason, such as ECONNREFUSED, in the cause.
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  const known = [cause?.code, code].find(isErrorCode)
  return known === undefined ? 'no answer' : `no answer (${known})`
}

// Nothing else that somebody may have written there.
function isErrorCode(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code)
}
