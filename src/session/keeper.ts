import { createHash, randomBytes } from 'node:crypto'
import type { TokenResponse } from '../browser/token-store-service.js'
import type { SessionSettings } from './settings.js'
import { prepareRefresh, revokeQuietly } from './refresh-session.js'
import { freshData, recordOf, dataOf, tokensAt } from './session-data.js'

/** What stands behind the value of a sign-in cookie. */
export interface SessionKeeper {
  /** Gives the tokens behind a cookie, refreshed if need be; nothing when the session is over. */
  open(cookie: string, rejected?: string): Promise<TokenResponse | undefined>
  /** Starts a session and gives its cookie, always a new one. */
  start(tokens: TokenResponse): Promise<string>
  /** Ends a session and has its tokens revoked. */
  end(cookie: string): Promise<void>
}

/** Keeps the tokens on the server; the cookie is a random id without meaning. */
export function keepOnServer(settings: SessionSettings): SessionKeeper {
  const { store, clock, maxAge } = settings
  const refresh = prepareRefresh(settings)
  return {
    async open(cookie, rejected) {
      const data = await refresh(keyOf(cookie), rejected)
      // Refused and not to be replaced: this session has nothing to offer any more.
      if (data === undefined || data.tokens.accessToken === rejected) return undefined
      return tokensAt(data, clock())
    },
    async start(tokens) {
      const id = randomBytes(32).toString('base64url')
      const expiresAt = new Date(clock() + maxAge * 1000)
      await store.set(keyOf(id), recordOf(freshData(tokens, settings), expiresAt))
      return id
    },
    async end(cookie) {
      const key = keyOf(cookie)
      const record = await store.get(key)
      await store.delete(key)
      if (record !== undefined) await revokeQuietly(settings, dataOf(record).tokens)
    },
  }
}

/** Keeps the access token in the cookie itself, and nothing on the server. */
export function keepInCookie(settings: SessionSettings): SessionKeeper {
  return {
    open: (cookie, rejected) =>
      Promise.resolve(cookie === rejected ? undefined : { accessToken: cookie }),
    start: (tokens) => Promise.resolve(freshData(tokens, settings).tokens.accessToken),
    end: (cookie) => revokeQuietly(settings, { accessToken: cookie }),
  }
}

// The store sees hashes only: its dump is no bundle of cookies.
function keyOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url')
}
