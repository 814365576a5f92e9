import { setTimeout as delay } from 'node:timers/promises'
import { within } from '../internal/time-limit.js'
import { succeed, type AccessTokenResult } from './access-token-result.js'
import type { Answers, Question } from './answers.js'
import type { BackOff } from './back-off.js'
import { fingerprint, nameOf } from './fingerprint.js'
import type { GuardedStore } from './guarded-store.js'
import { namesSameUser } from './id-token.js'
import {
  asTokenRequestError,
  type TokenClient,
  type TokenEndpointResponse,
  type TokenRequestError,
} from './token-client.js'
import type { TokenEventHandler } from './token-events.js'
import { findAccessToken, nameOfParameters, withRenewed } from './token-record.js'
import type { StoredUserToken } from './user-token-store.js'
import type { AccessToken, UserKey, UserToken } from './user-token.js'
import type { WriteOutcome } from './waiting-tokens.js'

/** What a refresh works with. */
export interface RefreshSettings {
  readonly client: TokenClient
  /** Seconds that a request of the client takes at most. */
  readonly timeout: number
  readonly store: GuardedStore
  readonly backOff: BackOff
  readonly clock: () => number
  readonly onEvent: TokenEventHandler
  /** Tells the issuer that a token is of no use any more. Never fails. */
  readonly revoke: (user: UserKey, token: UserToken) => Promise<void>
}

/**
 * Spends the refresh token of a session and stores what comes of it.
 *
 * @param mayBegin - Whether there is still time for a request: under a lock that does not run out before it.
 */
export type Refresh = (
  question: Question,
  answers: Answers,
  stored: StoredUserToken,
  mayBegin: () => boolean,
) => Promise<AccessTokenResult>

// These say that the session is fine and the question is not.
const questionErrors = ['invalid_scope', 'invalid_target']

// Time for a process without our lock, which spent the same token, to store what it got.
const siblingDelay = 0.25

// A client that does not keep to its limit is given this much longer, in seconds.
const grace = 1

/** Creates the refresh. */
export function createRefresh(settings: RefreshSettings): Refresh {
  const { client, timeout, store, backOff, clock, onEvent, revoke } = settings

  async function refresh(
    question: Question,
    answers: Answers,
    stored: StoredUserToken,
    mayBegin: () => boolean,
    mayRepeat = true,
  ): Promise<AccessTokenResult> {
    const { user, parameters } = question
    const session = nameOf(user)
    const wait = backOff.remaining(session)
    if (wait > 0) return answers.makeDo(stored, { retryAfter: wait })
    if (!mayBegin()) return answers.makeDo(stored, { retryAfter: 1 })

    const refreshToken = stored.token.refreshToken as string
    let renewed: UserToken | undefined
    try {
      const ask = () => client.refresh(refreshToken, parameters)
      renewed = renew(await within(timeout + grace, ask, keepLate))
    } catch (error) {
      return whenRefused(asTokenRequestError(error))
    }
    if (renewed === undefined) return endSession()
    backOff.succeeded(session)
    const access = findAccessToken(renewed, nameOfParameters(parameters)) as AccessToken
    onEvent({
      kind: 'tokenRetrieved',
      user: fingerprint(user),
      token: fingerprint(access.accessToken),
    })
    const outcome = await keep(renewed)
    if (outcome === 'gone') return answers.failure('no_session')
    return outcome === 'lost' ? whenLost() : succeed(access)

    // Nothing when the issuer answered about somebody else.
    function renew(response: TokenEndpointResponse): UserToken | undefined {
      const token = withRenewed(stored.token, response, nameOfParameters(parameters), clock())
      return namesSameUser(stored.token.idToken, token.idToken) ? token : undefined
    }

    // Of a session that is over nothing stays usable.
    async function keep(token: UserToken): Promise<WriteOutcome | 'waiting'> {
      const written = await store.replace(user, token, stored)
      if (written === 'gone' || (written === 'lost' && store.wasCleared(stored.version))) {
        await revoke(user, token)
      }
      return written
    }

    // An answer that nobody waits for any more has spent the old token all the same.
    function keepLate(response: TokenEndpointResponse): void {
      const kept = async () => {
        const late = renew(response)
        if (late) await keep(late)
      }
      kept().catch(() => undefined)
    }

    // Somebody wrote while we refreshed: a sign-in, or another process, wins over our result.
    async function whenLost(): Promise<AccessTokenResult> {
      const current = await store.read(user)
      return current ? adopt(current) : answers.failure('no_session')
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
        if (current.token.refreshToken !== refreshToken) return adopt(current)
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
        ? refresh(question, answers, current, mayBegin, false)
        : answers.makeDo(current, { retryAfter: 1 })
    }
  }

  return refresh
}
