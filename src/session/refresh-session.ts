import type { TokenResponse } from '../browser/token-store-service.js'
import type { Outcome, Outcomes } from './outcomes.js'
import { appLimit } from './revoke.js'
import {
  dataOf,
  namesOf,
  replaceTokens,
  freshData,
  isSame,
  readTokens,
  recordOf,
  type SessionData,
} from './session-data.js'
import type { SessionRecord } from './session-store.js'
import type { SessionSettings } from './settings.js'
import { TimeLimitError, wait, within } from '../internal/time-limit.js'
import { unavailable } from './unavailable.js'

// The claim lasts longer than the issuer may take, so that an answer in time finds it untouched, and
// shorter than issuers forgive a spent token whose answer was lost with a process.
const claimLifetime = 15_000
const pollInterval = 50
const retryInterval = 5_000

// A claim of another process may be that much younger by its clock than by ours.
const clockTolerance = 60_000

type Refreshable = Pick<SessionSettings, 'store' | 'refresh' | 'clock' | 'refreshBefore'>

/**
 * Gives a session with a good access token.
 *
 * @param key - Key of the session in the store.
 * @param rejected - An access token that an API has refused: it is replaced however young it is.
 * @returns Nothing when the session is over.
 * @throws `MetadataUnavailableError` when the issuer cannot be asked and the old token is over.
 */
export type RefreshSession = (key: string, rejected?: string) => Promise<SessionData | undefined>

/**
 * Prepares the refresh: one for any number of requests, in any number of processes that share a store.
 */
export function prepareRefresh(settings: Refreshable, outcomes: Outcomes): RefreshSession {
  const { store, refresh, clock } = settings
  const running = new Map<string, Promise<SessionData | undefined>>()

  function isDue({ tokens, renewAt }: SessionData, rejected: string | undefined): boolean {
    if (refresh === undefined || tokens.refreshToken === undefined) return false
    return tokens.accessToken === rejected || (renewAt !== undefined && renewAt <= clock())
  }

  function isUsable({ tokens, tokenEndsAt = Infinity }: SessionData, rejected?: string): boolean {
    return tokens.accessToken !== rejected && tokenEndsAt > clock()
  }

  function usable(data: SessionData, rejected?: string, cause?: unknown): SessionData {
    if (isUsable(data, rejected)) return data
    throw unavailable('The session cannot be refreshed now', cause, retryInterval / 1000)
  }

  // An instant further ahead than it can be was written before the clock was set back.
  function isAhead(instant: number | undefined, atMost: number): boolean {
    const ahead = (instant ?? 0) - clock()
    return ahead > 0 && ahead <= atMost + clockTolerance
  }

  async function renew(
    key: string,
    rejected: string | undefined,
  ): Promise<SessionData | undefined> {
    for (let waited = 0; ; waited += pollInterval) {
      // Read again after every wait: most of the time somebody else has done the work.
      const record = await outcomes.read(key)
      if (record === undefined) return undefined
      const data = dataOf(record)
      if (!isDue(data, rejected)) return data
      if (isAhead(data.retryAt, retryInterval) || waited >= claimLifetime) {
        return usable(data, rejected)
      }
      try {
        if (await outcomes.settle(key)) continue
        const claim = await takeClaim(key, record, data)
        if (claim !== undefined) {
          const winner = await spend(key, claim, data)
          if (winner !== 'contested') return winner
        }
      } catch (cause) {
        return usable(data, rejected, cause)
      }
      if (isUsable(data, rejected)) return data
      await wait(pollInterval)
    }
  }

  async function takeClaim(
    key: string,
    record: SessionRecord,
    data: SessionData,
  ): Promise<SessionRecord | undefined> {
    if (isAhead(data.claimedUntil, claimLifetime)) return undefined
    const claim = recordOf({ ...data, claimedUntil: clock() + claimLifetime }, record)
    return (await store.replace(key, record.version, claim)) ? claim : undefined
  }

  // Whoever holds the claim spends the refresh token, and nobody else does.
  async function spend(
    key: string,
    claim: SessionRecord,
    data: SessionData,
  ): Promise<SessionData | undefined | 'contested'> {
    const spent = data.tokens.refreshToken as string
    function outcomeOf(answer: TokenResponse): Outcome {
      // RFC 6749 section 6: without a new refresh token the old one stays good.
      const tokens = replaceTokens(data.tokens, readTokens(answer))
      const { sid, sub } = namesOf(tokens)
      const renewed = freshData(tokens, settings)
      // What the session is called stays as it is once it is known.
      return { claim, renewed: recordOf(renewed, { sid, sub, ...claim }) }
    }
    // Too late for whoever waited; the tokens are the session's all the same.
    async function adopt(late: TokenResponse | null | undefined): Promise<void> {
      if (late) await outcomes.write(key, outcomeOf(late))
    }
    let outcome: Outcome
    try {
      const answer = await within(
        appLimit,
        (signal) => refresh?.(spent, signal),
        (late) => {
          adopt(late).catch(() => undefined)
        },
      )
      outcome = answer ? outcomeOf(answer) : { claim, renewed: undefined }
    } catch (cause) {
      const { tokens, tokenEndsAt, renewAt } = data
      const paused = { tokens, tokenEndsAt, renewAt, retryAt: clock() + retryInterval }
      const later = recordOf(paused, claim)
      // Where this cannot be written the claim itself runs out before long.
      await store.replace(key, claim.version, later).catch(() => false)
      throw cause
    }
    const winner = await outcomes.write(key, outcome)
    if (winner === undefined) return undefined
    const won = dataOf(winner)
    // Refused, and somebody else is at it with the same refresh token: they may have been faster.
    const isContested = outcome.renewed === undefined && isSame(won.tokens, data.tokens)
    return isContested ? 'contested' : won
  }

  return async (key, rejected) => {
    const record = await outcomes.read(key)
    const data = record && dataOf(record)
    if (data === undefined || !isDue(data, rejected)) return data
    const name = `${key} ${rejected ?? ''}`
    let work = running.get(name)
    if (work === undefined) {
      work = renew(key, rejected).finally(() => running.delete(name))
      running.set(name, work)
    } else if (isUsable(data, rejected)) {
      // One waits for the new token; everybody else goes on with the old one.
      return data
    }
    const shared = work
    return within(appLimit, () => shared).catch((cause: unknown) => {
      if (cause instanceof TimeLimitError) return usable(data, rejected, cause)
      throw cause
    })
  }
}
