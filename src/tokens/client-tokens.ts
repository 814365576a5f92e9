import { LruMap } from '../internal/lru-map.js'
import { within } from '../internal/time-limit.js'
import { fail, succeed, type AccessTokenResult } from './access-token-result.js'
import { isAboutEverybody } from './back-off.js'
import { fingerprint } from './fingerprint.js'
import type { RefreshSettings } from './refresh.js'
import { createSingleFlight } from './single-flight.js'
import {
  asTokenRequestError,
  type TokenParameters,
  type TokenRequestError,
} from './token-client.js'
import { isAlive, isFresh, nameOfParameters, readResponse } from './token-record.js'
import { TokenUnavailableError, type TokenUnavailableDetails } from './token-unavailable-error.js'
import type { AccessToken } from './user-token.js'

/** What the answering of questions for the application's own tokens works with. */
export interface ClientTokensSettings extends Omit<RefreshSettings, 'store' | 'revoke'> {
  readonly buffer: number
}

// Scopes and resources may come from callers, so there is no end to their names.
const mostTokens = 1000

/** Creates the function that answers with a token of the application itself. */
export function createClientTokens(
  settings: ClientTokensSettings,
): (
  parameters: TokenParameters,
  refused: string | undefined,
  forceRenewal: boolean,
) => Promise<AccessTokenResult> {
  const { client, timeout, backOff, buffer, clock, onEvent } = settings
  const held = new LruMap<string, AccessToken>(mostTokens)
  const refusals = new LruMap<string, TokenUnavailableError>(mostTokens)
  const share = createSingleFlight<AccessToken | TokenUnavailableError>()

  async function request(
    parameters: TokenParameters,
  ): Promise<AccessToken | TokenUnavailableError> {
    const name = nameOfParameters(parameters)
    const waiter = `the application ${name}`
    const wait = backOff.remaining(waiter)
    if (wait > 0) return refusals.get(name) ?? unavailable({ retryAfter: wait })
    refusals.delete(name)
    try {
      const response = await within(timeout + 1, () => client.clientCredentials(parameters))
      const token = readResponse(response, clock())
      backOff.succeeded(waiter)
      held.set(name, token)
      onEvent({ kind: 'tokenRetrieved', token: fingerprint(token.accessToken) })
      return token
    } catch (thrown) {
      const error = asTokenRequestError(thrown)
      const { oauthError } = error
      // Even a final refusal is asked for again now and then, for somebody may have set it right.
      const retryAfter = backOff.failed(waiter, error)
      const advice = adviceFor(error)
      if (advice === undefined) return unavailable({ oauthError, retryAfter })
      const refusal = new TokenUnavailableError('refresh_rejected', { oauthError }, advice)
      refusals.set(name, refusal)
      return refusal
    }
  }

  return async (parameters, rejectedToken, forceRenewal) => {
    const name = nameOfParameters(parameters)
    const old = held.get(name)
    const refused = rejectedToken ?? (forceRenewal ? old?.accessToken : undefined)
    const mayServe = old !== undefined && old.accessToken !== refused
    if (mayServe && isFresh(old, buffer, clock())) return succeed(old)
    const outcome = await share(name, () => request(parameters))
    if (!(outcome instanceof TokenUnavailableError)) return succeed(outcome)
    if (mayServe && isAlive(old, clock())) return succeed(old)
    const { code, oauthError } = outcome
    onEvent({ kind: 'tokenFailed', code, terminal: code === 'refresh_rejected', oauthError })
    return fail(outcome)
  }
}

function unavailable(details: TokenUnavailableDetails): TokenUnavailableError {
  return new TokenUnavailableError('refresh_unavailable', details)
}

// RFC 6749 section 5.2, RFC 8707 section 2: what no second try sets right.
const grant = 'allow it the grant "client_credentials"'
const advices = new Map([
  ['invalid_client', 'check its client id and its secret'],
  ['unauthorized_client', grant],
  ['unsupported_grant_type', grant],
  ['invalid_scope', 'check "scope", and what it may ask for'],
  ['invalid_target', 'check "resource", and what it may ask for'],
])
const passing = /^(?:temporarily_unavailable|server_error|slow_down)$/

function adviceFor(error: TokenRequestError): string | undefined {
  const { oauthError } = error
  if (oauthError === undefined || passing.test(oauthError) || isAboutEverybody(error)) {
    return undefined
  }
  return `The issuer refuses the application a token: ${advices.get(oauthError) ?? 'see "oauthError", and check how it is registered'}`
}
