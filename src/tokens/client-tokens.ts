import { LruMap } from '../internal/lru-map.js'
import { within } from '../internal/time-limit.js'
import { fail, succeed, type AccessTokenResult } from './access-token-result.js'
import { fingerprint } from './fingerprint.js'
import type { RefreshSettings } from './refresh.js'
import { createSingleFlight } from './single-flight.js'
import {
  asTokenRequestError,
  type TokenParameters,
  type TokenRequestError,
} from './token-client.js'
import { isAlive, isFresh, nameOfParameters, readResponse } from './token-record.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
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
    if (wait > 0) {
      const unavailable = { retryAfter: wait }
      return refusals.get(name) ?? new TokenUnavailableError('refresh_unavailable', unavailable)
    }
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
      if (advice === undefined) {
        return new TokenUnavailableError('refresh_unavailable', { oauthError, retryAfter })
      }
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

// RFC 6749 section 5.2, RFC 8707 section 2: what no second try sets right.
const advices: Readonly<Record<string, string>> = {
  invalid_client: 'The issuer does not accept the application: check its client id and its secret',
  unauthorized_client:
    'The issuer does not let the application ask for tokens of its own: allow it the grant "client_credentials"',
  unsupported_grant_type:
    'The issuer gives applications no tokens of their own: it does not know the grant "client_credentials"',
  invalid_scope:
    'The issuer does not grant what was asked for: check "scope", and what the application may ask for',
  invalid_target:
    'The issuer does not know what the token is for: check "resource", and what the application may ask for',
}
const passing = ['temporarily_unavailable', 'server_error', 'slow_down']

function adviceFor({ oauthError, status = 400 }: TokenRequestError): string | undefined {
  if (oauthError === undefined || passing.includes(oauthError)) return undefined
  if (status === 429 || status >= 500) return undefined
  if (Object.hasOwn(advices, oauthError)) return advices[oauthError]
  return 'The issuer refuses the application a token: "oauthError" says why; check how it is registered'
}
