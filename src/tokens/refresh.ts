import { setTimeout as delay } from 'node:timers/promises'
import { succeed, type AccessTokenResult } from './access-token-result.js'
import type { Answers, Question } from './answers.js'
import type { BackOff } from './back-off.js'
import { fingerprint, nameOf } from './fingerprint.js'
import type { GuardedStore } from './guarded-store.js'
import { namesSameUser } from './id-token.js'
import { asTokenRequestError, type TokenClient, type TokenRequestError } from './token-client.js'
import type { TokenEventHandler } from './token-events.js'
import { createRevocation } from './revocation.js'
import { findAccessToken, nameOfParameters, withRenewed } from './token-record.js'
import type { StoredUserToken } from './user-token-store.js'
import type { AccessToken, UserToken } from './user-token.js'

/** What a refresh works with. */
export interface RefreshSettings {
  readonly client: TokenClient
  readonly store: GuardedStore
  readonly backOff: BackOff
  readonly clock: () => number
  readonly onEvent: TokenEventHandler
}

/** Spends the refresh token of a session and stores what comes of it. */
export type Refresh = (
  question: Question,
  answers: Answers,
  stored: StoredUserToken,
) => Promise<AccessTokenResult>

// These say that the session is fine and the question is not.
const questionErrors = ['invalid_scope', 'invalid_target']

// Time for a process without our lock, which spent the same token, to store what it got.
const siblingDelay = 0.25

/** Creates the refresh. */
export function createRefresh(settings: RefreshSettings): Refresh {
  const { client, store, backOff, clock, onEvent } = settings
  const revoke = createRevocation(client, onEvent)

  async function refresh(
    question: Question,
    answers: Answers,
    stored: StoredUserToken,
    mayRepeat = true,
  ): Promise<AccessTokenResult> {
    const { user, parameters } = question
    const session = nameOf(user)
    const wait = backOff.remaining(session)
    if (wait > 0) return answers.makeDo(stored, { retryAfter: wait })

    let renewed: UserToken
    try {
      const response = await client.refresh(stored.token.refreshToken as string, parameters)
      if (!namesSameUser(stored.token.idToken, response.id_token)) return await endSession()
      renewed = withRenewed(stored.token, response, nameOfParameters(parameters), clock())
    } catch (error) {
      return whenRefused(asTokenRequestError(error))
    }
    backOff.succeeded(session)
    const access = findAccessToken(renewed, nameOfParameters(parameters)) as AccessToken
    onEvent({
      kind: 'tokenRetrieved',
      user: fingerprint(user),
      token: fingerprint(access.accessToken),
    })

    const outcome = await store.replace(user, renewed, stored.version)
    return outcome === 'lost' ? whenLost() : succeed(access)

    // Somebody wrote while we refreshed: a sign-out or a sign-in wins over our result.
    async function whenLost(): Promise<AccessTokenResult> {
      const current = await store.read(user)
      if (current) return adopt(current)
      await revoke(user, renewed)
      return answers.failure('no_session')
    }

    async function whenRefused(error: TokenRequestError): Promise<AccessTokenResult> {
      const { oauthError } = error
      if (oauthError === 'invalid_grant') return whenSpent(error)
      if (oauthError !== undefined && questionErrors.includes(oauthError)) {
        return answers.failure('refresh_rejected', { oauthError })
      }
      // Nothing is repeated at once: the issuer may have spent the token before the connection broke.
      return answers.makeDo(stored, { oauthError, retryAfter: backOff.failed(session, error) })
    }

    // The token may be spent because another process was faster; only one nobody renewed ends the session.
    async function whenSpent({ oauthError }: TokenRequestError): Promise<AccessTokenResult> {
      for (const seconds of [0, siblingDelay]) {
        await delay(seconds * 1000)
        const current = await store.read(user)
        if (!current) return answers.failure('no_session')
        if (current.token.refreshToken !== stored.token.refreshToken) return adopt(current)
      }
      return endSession(oauthError)
    }

    async function endSession(oauthError?: string): Promise<AccessTokenResult> {
      if (await store.clear(user, stored.version)) {
        onEvent({ kind: 'sessionEnded', user: fingerprint(user), reason: 'rejected' })
      }
      return answers.failure('refresh_rejected', { oauthError })
    }

    async function adopt(current: StoredUserToken): Promise<AccessTokenResult> {
      const settled = answers.settle(current)
      if (settled) return settled
      return mayRepeat
        ? refresh(question, answers, current, false)
        : answers.makeDo(current, { retryAfter: 1 })
    }
  }

  return refresh
}
