import { fail, succeed, type AccessTokenResult } from './access-token-result.js'
import { fingerprint } from './fingerprint.js'
import type { RefreshSettings } from './refresh.js'
import { createSingleFlight } from './single-flight.js'
import { asTokenRequestError, type TokenParameters } from './token-client.js'
import { isAlive, isFresh, nameOfParameters, readResponse } from './token-record.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
import type { AccessToken } from './user-token.js'

/** What the answering of questions for the application's own tokens works with. */
export interface ClientTokensSettings extends Omit<RefreshSettings, 'store'> {
  readonly buffer: number
}

/** Creates the function that answers with a token of the application itself. */
export function createClientTokens(
  settings: ClientTokensSettings,
): (
  parameters: TokenParameters,
  refused: string | undefined,
  forceRenewal: boolean,
) => Promise<AccessTokenResult> {
  const { client, backOff, buffer, clock, onEvent } = settings
  const held = new Map<string, AccessToken>()
  const share = createSingleFlight<AccessToken | TokenUnavailableError>()

  async function request(
    parameters: TokenParameters,
  ): Promise<AccessToken | TokenUnavailableError> {
    const name = nameOfParameters(parameters)
    const wait = backOff.remaining(name)
    if (wait > 0) return new TokenUnavailableError('refresh_unavailable', { retryAfter: wait })
    try {
      const token = readResponse(await client.clientCredentials(parameters), clock())
      backOff.succeeded(name)
      held.set(name, token)
      onEvent({ kind: 'tokenRetrieved', token: fingerprint(token.accessToken) })
      return token
    } catch (thrown) {
      const error = asTokenRequestError(thrown)
      return new TokenUnavailableError('refresh_unavailable', {
        oauthError: error.oauthError,
        retryAfter: backOff.failed(name, error),
      })
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
    onEvent({ kind: 'tokenFailed', code, terminal: false, oauthError })
    return fail(outcome)
  }
}
