import { randomUUID } from 'node:crypto'
import { nameOf } from './fingerprint.js'
import {
  readSaved,
  requireRequest,
  saveSession,
  takeSession,
  type Session,
  type SessionRecord,
  type SessionRequest,
} from './session-request.js'
import { requestsInProgress, trackRequests } from './user-context.js'
import type { UserTokenStore } from './user-token-store.js'
import { formatUserToken, parseUserToken, type UserKey } from './user-token.js'

/**
 * Creates a store that keeps the tokens in the request's session, as `express-session` provides it.
 *
 * Needs {@link userTokenContext} behind the session middleware, and works only while a request is at
 * hand: a WebSocket or a job needs another store. The session store sees the tokens, so it must be one on
 * the server, never a cookie.
 *
 * @remarks
 * Sessions have no atomic write. Within one process that is made up for; with several processes and
 * an issuer that accepts each refresh token once, use the Redis or PostgreSQL store. A session that
 * was destroyed is not written again by a request that was still running.
 */
export function createSessionUserTokenStore(): UserTokenStore {
  trackRequests()
  return {
    async storeToken(user, token, { ifVersion } = {}) {
      const req = requireRequest()
      const session = takeSession(req)
      const name = nameOf(user)
      if (!session) return undefined
      if (ifVersion !== undefined && recordOf(session, user)?.version !== ifVersion) {
        return undefined
      }
      const record = { user: name, version: randomUUID(), token: formatUserToken(token) }
      if (await write(req, session, record)) return record.version
      // The session was destroyed: a sign-in counts for the rest of this request, a renewal not at all.
      session.userToken = ifVersion === undefined ? record : undefined
      return session.userToken?.version
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- throws as a rejection
    async getToken(user) {
      const session = takeSession(requireRequest())
      const record = session && recordOf(session, user)
      return record && { token: parseUserToken(record.token), version: record.version }
    },

    async clearToken(user, { ifVersion } = {}) {
      const req = requireRequest()
      const session = takeSession(req)
      const record = session && recordOf(session, user)
      if (!session || !record) return true
      if (ifVersion !== undefined && record.version !== ifVersion) return false
      if (!(await write(req, session, undefined))) session.userToken = undefined
      return true
    },

    // The queue of the manager is the lock; this is the moment to see what earlier requests have saved.
    async lock() {
      const req = requireRequest()
      const session = takeSession(req)
      const saved = session && (await readSaved(req, session))
      if (session && saved !== undefined) session.userToken = saved?.userToken
      return { release: () => Promise.resolve() }
    },
  }
}

function recordOf(session: Session, user: UserKey): SessionRecord | undefined {
  const record = session.userToken
  return record?.user === nameOf(user) ? record : undefined
}

// Writes to the copies that requests hold, and saves; unless the session was destroyed.
async function write(
  req: SessionRequest,
  session: Session,
  record: SessionRecord | undefined,
): Promise<boolean> {
  if ((await readSaved(req, session)) === null) return false
  // Other requests of the session hold copies, and one that saves its copy would bring the old token back.
  for (const other of requestsInProgress() as Partial<SessionRequest>[]) {
    if (other.sessionID !== req.sessionID) continue
    const copy = takeSession(other as SessionRequest)
    if (copy) copy.userToken = record
  }
  session.userToken = record
  await saveSession(session)
  return true
}
