import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { ConfigurationError } from '../core/errors.js'
import { nameOf } from './fingerprint.js'
import { currentRequest, requestsInProgress } from './user-context.js'
import type { UserTokenStore } from './user-token-store.js'
import { formatUserToken, parseUserToken, type UserKey } from './user-token.js'

interface SessionRecord {
  readonly user: string
  readonly version: string
  readonly token: string
}

interface SessionData {
  userToken?: SessionRecord | undefined
}

// The shape of express-session's request, without its types.
interface SessionRequest {
  readonly sessionID: string
  readonly session: SessionData & { save(done: (error?: unknown) => void): void }
  readonly sessionStore: {
    get(id: string, done: (error: unknown, session?: SessionData | null) => void): void
  }
}

/**
 * Creates a store that keeps the tokens in the request's session, as `express-session` provides it.
 *
 * Needs {@link userTokenContext} behind the session middleware, and works only while a request is at
 * hand: a WebSocket or a job needs another store. The session store sees the tokens, so it must be one on
 * the server, never a cookie.
 *
 * @remarks
 * Sessions have no atomic write. Within one process that is made up for; with several processes and
 * an issuer that accepts each refresh token once, use the Redis or PostgreSQL store.
 */
export function createSessionUserTokenStore(): UserTokenStore {
  return {
    async storeToken(user, token, { ifVersion } = {}) {
      const req = requireRequest()
      if (ifVersion !== undefined && recordOf(req.session, user)?.version !== ifVersion) {
        return undefined
      }
      const version = randomUUID()
      await write(req, { user: nameOf(user), version, token: formatUserToken(token) })
      return version
    },

    getToken(user) {
      const record = recordOf(requireRequest().session, user)
      return Promise.resolve(
        record && { token: parseUserToken(record.token), version: record.version },
      )
    },

    async clearToken(user, { ifVersion } = {}) {
      const req = requireRequest()
      const record = recordOf(req.session, user)
      if (record === undefined) return true
      if (ifVersion !== undefined && record.version !== ifVersion) return false
      await write(req, undefined)
      return true
    },

    // The queue of the manager is the lock; this is the moment to see what earlier requests have saved.
    async lock() {
      const req = requireRequest()
      const saved = await promisify((done: (error: unknown, data?: SessionData | null) => void) => {
        req.sessionStore.get(req.sessionID, done)
      })()
      if (saved) req.session.userToken = saved.userToken
      return { release: () => Promise.resolve() }
    },
  }
}

function requireRequest(): SessionRequest {
  const req = currentRequest() as Partial<SessionRequest> | undefined
  if (!req?.session) {
    throw new ConfigurationError(
      'The session user token store needs a request with a session; mount userTokenContext() behind the session, or use another store where there is no request',
    )
  }
  return req as SessionRequest
}

function recordOf(session: SessionData, user: UserKey): SessionRecord | undefined {
  const record = session.userToken
  return record?.user === nameOf(user) ? record : undefined
}

async function write(req: SessionRequest, record: SessionRecord | undefined): Promise<void> {
  // Other requests of the session hold copies, and one that saves its copy would bring the old token back.
  for (const other of requestsInProgress() as Iterable<Partial<SessionRequest>>) {
    if (other.sessionID === req.sessionID && other.session) other.session.userToken = record
  }
  req.session.userToken = record
  await promisify((done: (error?: unknown) => void) => {
    req.session.save(done)
  })()
}
