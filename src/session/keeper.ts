import { randomBytes } from 'node:crypto'
import { sha256 } from '../internal/sha256.js'
import type { TokenResponse } from '../browser/token-store-service.js'
import { storeLimit } from './limited-store.js'
import { createOutcomes } from './outcomes.js'
import { prepareRefresh } from './refresh-session.js'
import { revokeQuietly } from './revoke.js'
import { dataOf, freshData, namesOf, recordOf, tokensAt } from './session-data.js'
import type { SessionRecord } from './session-store.js'
import type { SessionSettings } from './settings.js'
import { untilItWorks, within } from '../internal/time-limit.js'
import { unavailable } from './unavailable.js'

/** What stands behind the value of a sign-in cookie. */
export interface SessionKeeper {
  /** Gives the tokens behind a cookie, refreshed if need be; nothing when the session is over. */
  open(cookie: string, rejected?: string): Promise<TokenResponse | undefined>
  /** Starts a session and gives its cookie, always a new one. */
  start(tokens: TokenResponse): Promise<string>
  /** Takes back a session whose cookie nobody got. Never waits and never fails. */
  takeBack(cookie: string): void
  /** Ends a session and has its tokens revoked; rejects when nobody can tell whether it has ended. */
  end(cookie: string): Promise<void>
}

// About two minutes.
const backgroundAttempts = 30

/** Keeps the tokens on the server; the cookie is a random id without meaning. */
export function keepOnServer(settings: SessionSettings): SessionKeeper {
  const { store, clock, maxAge } = settings
  const outcomes = createOutcomes(settings)
  const refresh = prepareRefresh(settings, outcomes)

  // Deletes what was seen and nothing newer, so that the last tokens of the session are known.
  async function remove(
    key: string,
    see: (record: SessionRecord) => void,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const record = await store.get(key)
      if (record === undefined) return
      see(record)
      await store.delete(key, record.version)
    }
  }

  async function revokeLast(key: string, last: SessionRecord | undefined): Promise<void> {
    // What a refresh brought and nobody has written yet ends with the rest.
    const tokens = [last, outcomes.take(key)].flatMap((record) =>
      record === undefined ? [] : tokensIn(record),
    )
    await Promise.all(tokens.map((one) => revokeQuietly(settings, one)))
  }

  function takeBack(cookie: string): void {
    untilItWorks(() => store.delete(keyOf(cookie)), backgroundAttempts)
  }

  return {
    async open(cookie, rejected) {
      const data = await refresh(keyOf(cookie), rejected)
      // Refused and not to be replaced: this session has nothing to offer any more.
      if (data === undefined || data.tokens.accessToken === rejected) return undefined
      return tokensAt(data, clock())
    },
    async start(tokens) {
      const id = randomBytes(32).toString('base64url')
      const now = clock()
      const record = recordOf(freshData(tokens, settings), {
        ...namesOf(tokens),
        openedAt: new Date(now),
        expiresAt: new Date(now + maxAge * 1000),
      })
      try {
        await store.set(keyOf(id), record)
      } catch (error) {
        takeBack(id)
        throw error
      }
      return id
    },
    takeBack,
    async end(cookie) {
      const key = keyOf(cookie)
      let last: SessionRecord | undefined
      const see = (record: SessionRecord): void => {
        last = record
      }
      try {
        await within(storeLimit, (signal) => remove(key, see, signal))
      } catch (cause) {
        // It may have been deleted all the same, and the next attempt would find no tokens to revoke.
        untilItWorks(async () => {
          if ((await store.get(key)) === undefined) await revokeLast(key, last)
        }, backgroundAttempts)
        throw unavailable('The session cannot be ended now', cause)
      }
      await revokeLast(key, last)
    },
  }
}

/** Keeps the access token in the cookie itself, and nothing on the server. */
export function keepInCookie(settings: SessionSettings): SessionKeeper {
  return {
    open: (cookie, rejected) =>
      Promise.resolve(cookie === rejected ? undefined : { accessToken: cookie }),
    start: (tokens) => Promise.resolve(freshData(tokens, settings).tokens.accessToken),
    takeBack: () => undefined,
    end: (cookie) => revokeQuietly(settings, { accessToken: cookie }),
  }
}

// The store sees hashes only: its dump is no bundle of cookies.
function keyOf(cookie: string): string {
  return sha256(cookie)
}

// Whatever stands there in place of tokens: the session has ended, and there is nothing to revoke.
function tokensIn(record: SessionRecord): readonly TokenResponse[] {
  try {
    return [dataOf(record).tokens]
  } catch {
    return []
  }
}
