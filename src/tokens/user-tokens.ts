import { setTimeout as delay } from 'node:timers/promises'
import type { AccessTokenResult } from './access-token-result.js'
import { createAnswers, type Answers, type Question } from './answers.js'
import { nameOf } from './fingerprint.js'
import { createRefresh, type RefreshSettings } from './refresh.js'
import { createQueue, createSingleFlight } from './single-flight.js'
import { findAccessToken, nameOfParameters } from './token-record.js'

/** What the answering of questions for user tokens works with. */
export interface UserTokensSettings extends RefreshSettings {
  readonly buffer: number
}

/** A question, and whether the token that the store holds may be the answer. */
export interface AskedQuestion extends Question {
  readonly forceRenewal: boolean
}

// A lock outlives the longest request, so that its owner never shares a refresh token with the next one.
const lockReserve = 5
const pollInterval = 0.05

/** Creates the function that answers with a token that works, renewed where needed. */
export function createUserTokens(
  settings: UserTokensSettings,
): (question: AskedQuestion) => Promise<AccessTokenResult> {
  const { client, store } = settings
  const refresh = createRefresh(settings)
  const share = createSingleFlight<AccessTokenResult>()
  const queue = createQueue()
  const lockLifetime = client.timeout + lockReserve

  async function renew(question: Question, answers: Answers): Promise<AccessTokenResult> {
    const giveUpAt = performance.now() + lockLifetime * 1000
    for (;;) {
      const lock = await store.lock(question.user, lockLifetime)
      try {
        // Whoever had the lock before may have done the work already.
        const stored = await store.read(question.user)
        if (!stored) return answers.failure('no_session')
        const settled = answers.settle(stored)
        if (settled) return settled
        if (lock) return await refresh(question, answers, stored)
        if (performance.now() > giveUpAt) return answers.makeDo(stored, { retryAfter: 1 })
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
    // Equal questions share an answer; different ones of a session wait for their turn, because
    // they share a refresh token.
    return share(JSON.stringify([nameOf(user), name, question.refused]), () =>
      queue(nameOf(user), () => renew(question, answers)),
    )
  }
}
