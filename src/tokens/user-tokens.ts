import { setTimeout as delay } from 'node:timers/promises'
import type { AccessTokenResult } from './access-token-result.js'
import { createAnswers, type Answers, type Question } from './answers.js'
import { nameOf } from './fingerprint.js'
import { createRefresh, type RefreshSettings } from './refresh.js'
import { createQueue, createSingleFlight } from './single-flight.js'
import { findAccessToken, nameOfParameters } from './token-record.js'
import { TokenUnavailableError } from './token-unavailable-error.js'

/** What the answering of questions for user tokens works with. */
export interface UserTokensSettings extends RefreshSettings {
  readonly buffer: number
}

/** A question, and whether the token that the store holds may be the answer. */
export interface AskedQuestion extends Question {
  readonly forceRenewal: boolean
}

// In seconds. A lock outlives everything that its owner may do, a second request for a second question
// included: the reads and writes of a store that answers slowly, and the requests themselves.
const lockReserve = 25
const writeReserve = 8
const patienceReserve = 5
const pollInterval = 0.05

/** Creates the function that answers with a token that works, renewed where needed. */
export function createUserTokens(
  settings: UserTokensSettings,
): (question: AskedQuestion) => Promise<AccessTokenResult> {
  const { timeout, store } = settings
  const refresh = createRefresh(settings)
  const share = createSingleFlight<AccessTokenResult>()
  const queue = createQueue()
  const lockLifetime = 2 * timeout + lockReserve

  async function renew(question: Question, answers: Answers): Promise<AccessTokenResult> {
    const elapsed = stopwatch()
    for (;;) {
      const held = stopwatch()
      const lock = await store.lock(question.user, lockLifetime)
      const mayBegin = () => held() + timeout + writeReserve < lockLifetime
      try {
        // Whoever had the lock before may have done the work already.
        const stored = await store.read(question.user)
        if (!stored) return answers.failure('no_session')
        const settled = answers.settle(stored)
        if (settled) return settled
        if (lock) return await refresh(question, answers, stored, mayBegin)
        // Somebody else renews the token, or has died over it.
        const good = answers.stillGood(stored)
        if (good) return good
        if (elapsed() > timeout + patienceReserve) return answers.makeDo(stored, { retryAfter: 1 })
      } finally {
        await lock?.release()
      }
      await delay(pollInterval * (0.5 + Math.random()) * 1000)
    }
  }

  return async ({ user, parameters, refused, forceRenewal }) => {
    const name = nameOfParameters(parameters)
    const stored = await store.read(user)
    const held = stored && findAccessToken(stored.token, name)?.accessToken
    const question = { user, parameters, refused: refused ?? (forceRenewal ? held : undefined) }
    const answers = createAnswers(question, settings)
    if (!stored) return answers.failure('no_session')
    const settled = answers.settle(stored)
    if (settled) return settled
    try {
      // Equal questions share an answer; different ones of a session wait for their turn, because
      // they share a refresh token.
      return await share(JSON.stringify([nameOf(user), name, question.refused]), () =>
        queue(nameOf(user), () => renew(question, answers)),
      )
    } catch (error) {
      // The store went away after it had shown a token that is good enough.
      const good = error instanceof TokenUnavailableError && answers.stillGood(stored)
      if (good) return good
      throw error
    }
  }
}

// Seconds of real time.
function stopwatch(): () => number {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}
