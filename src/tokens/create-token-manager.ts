import { ConfigurationError } from '../core/errors.js'
import {
  checkMethods,
  checkNames,
  readClock,
  readFunction,
  readSeconds,
} from '../core/option-checks.js'
import { fail } from './access-token-result.js'
import { createBackOff } from './back-off.js'
import { createClientTokens } from './client-tokens.js'
import { fingerprint } from './fingerprint.js'
import { guardStore } from './guarded-store.js'
import { createMemoryUserTokenStore } from './memory-user-token-store.js'
import { createRevocation } from './revocation.js'
import { untilAborted } from './single-flight.js'
import type { TokenClient, TokenEndpointResponse } from './token-client.js'
import { quietly } from './token-events.js'
import { createSignOut } from './sign-out.js'
import type { TokenManager, TokenManagerOptions } from './token-manager.js'
import { readSignIn } from './token-record.js'
import { TokenUnavailableError } from './token-unavailable-error.js'
import { checkUserKey, type UserKey } from './user-token.js'
import { createUserTokens } from './user-tokens.js'

const optionNames = ['client', 'store', 'buffer', 'onEvent', 'clock']

/**
 * Creates the keeper of user tokens: whoever asks gets a token that works, and never thinks of its expiry.
 *
 * However many callers ask at once, in however many processes over one store, the issuer is asked
 * once. An issuer that is away signs nobody out.
 *
 * @throws {@link ConfigurationError} when an option is wrong.
 *
 * @example After the sign-in with openid-client
 * ```ts
 * const manager = createTokenManager({ client: openidClient(config) })
 *
 * const tokens = await client.authorizationCodeGrant(config, callbackUrl, checks)
 * const user = await manager.onTokens(tokens, { sessionId: req.sessionID })
 *
 * const result = await manager.getAccessToken(user)
 * if (result.kind === 'failure') return res.redirect('/login')
 * ```
 */
export function createTokenManager(options: TokenManagerOptions): TokenManager {
  checkNames(options, optionNames, 'the token manager options')
  const { client, store: given = createMemoryUserTokenStore() } = options
  if (typeof (client as Partial<TokenClient> | undefined)?.refresh !== 'function') {
    throw new ConfigurationError('"client" must be a token client; make one with openidClient()')
  }
  checkMethods(client, 'client', ['refresh', 'clientCredentials', 'revoke'])
  checkMethods(given, 'store', ['storeToken', 'getToken', 'clearToken'], ['lock'])
  const clock = readClock(options.clock)
  const onEvent = quietly(readFunction(options.onEvent, 'onEvent'))
  const timeout = Number.isFinite(client.timeout) ? client.timeout : 30
  const revoke = createRevocation(client, timeout, onEvent)
  const store = guardStore(given, onEvent, revoke)
  const settings = {
    client,
    timeout,
    store,
    revoke,
    backOff: createBackOff(clock),
    buffer: readSeconds(options.buffer, 'buffer', 60, 86_400),
    clock,
    onEvent,
  }
  const answerUser = createUserTokens(settings)
  const answerClient = createClientTokens(settings)

  async function storeTokens(user: UserKey, tokens: TokenEndpointResponse): Promise<void> {
    checkUserKey(user)
    await store.store(user, readSignIn(tokens, clock()))
  }

  return {
    storeTokens,
    async onTokens(tokens, { sessionId, subject = tokens.claims?.()?.sub }) {
      if (subject === undefined) throw new TypeError('"subject" is needed without an ID token')
      const user = { subject, sessionId }
      await storeTokens(user, tokens)
      return user
    },
    async getAccessToken(
      user,
      { scope, resource, forceRenewal = false, rejectedToken, signal } = {},
    ) {
      checkUserKey(user)
      const question = { user, parameters: { scope, resource }, refused: rejectedToken }
      const answer = answerUser({ ...question, forceRenewal }).catch((error: unknown) => {
        if (!(error instanceof TokenUnavailableError)) throw error
        const id = fingerprint(user)
        onEvent({ kind: 'tokenFailed', user: id, code: error.code, terminal: false })
        return fail(error)
      })
      return untilAborted(answer, signal)
    },
    getClientAccessToken({ scope, resource, forceRenewal = false, rejectedToken, signal } = {}) {
      const answer = answerClient({ scope, resource }, rejectedToken, forceRenewal)
      return untilAborted(answer, signal)
    },
    signOut: createSignOut(settings),
    onEvent,
  }
}
