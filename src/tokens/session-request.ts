import { promisify } from 'node:util'
import { ConfigurationError } from '../core/errors.js'
import { currentRequest } from './user-context.js'

/** A session's tokens among the data of the session. */
export interface SessionRecord {
  readonly user: string
  readonly version: string
  readonly token: string
}

/** The data of a session, as far as they are ours. */
export interface SessionData {
  userToken?: SessionRecord | undefined
}

type Done = (error?: unknown) => void

/** The session of a request: its own copy of what the session store holds. */
export interface Session extends SessionData {
  save(done?: Done): void
}

/** The shape of express-session's request, without its types. */
export interface SessionRequest {
  readonly sessionID: string
  /** Is gone as soon as this request has destroyed it. */
  readonly session?: Session
  readonly sessionStore: {
    get(id: string, done: (error: unknown, session?: SessionData | null) => void): void
  }
  readonly headers: { readonly cookie?: string | undefined }
}

const inStore = new WeakSet<Session>()
const saves = new WeakMap<Session, Session['save']>()

/**
 * Finds the request at hand.
 *
 * @throws {@link ConfigurationError} when there is none, or one without a session.
 */
export function requireRequest(): SessionRequest {
  const req = currentRequest() as Partial<SessionRequest> | undefined
  if (!req?.sessionStore || !(req.session ?? req.sessionID)) {
    throw new ConfigurationError(
      'The session user token store needs a request with a session: mount userTokenContext() behind the session, or use another store',
    )
  }
  return req as SessionRequest
}

/**
 * Takes the session of a request in hand. From then on its copy is not saved when the session was
 * destroyed meanwhile: that would bring the session back.
 */
export function takeSession(req: SessionRequest): Session | undefined {
  const { session } = req
  if (!session || saves.has(session)) return session
  const save = session.save.bind(session)
  saves.set(session, save)
  const value = (done?: Done): void => {
    askStore(req, session, (error, data) => {
      if (!error && data !== null) save(done)
      else done?.(error)
    })
  }
  Object.defineProperty(session, 'save', { configurable: true, writable: true, value })
  return session
}

/** Reads what the store holds of a session: `null` when it was destroyed, nothing when it is new. */
export const readSaved: (
  req: SessionRequest,
  session: Session,
) => Promise<SessionData | null | undefined> = promisify(askStore)

/** Saves a session that was taken in hand, and of which is known that it was not destroyed. */
export async function saveSession(session: Session): Promise<void> {
  await promisify(saves.get(session) as Session['save'])()
  inStore.add(session)
}

function askStore(
  req: SessionRequest,
  session: Session,
  done: (error: unknown, data?: SessionData | null) => void,
): void {
  // A session that is given up for another one has been destroyed.
  if (req.session !== session) {
    done(null, null)
    return
  }
  // An id that came with the request is that of a session that was loaded; a new one is in no cookie.
  const wasInStore = inStore.has(session) || req.headers.cookie?.includes(req.sessionID) === true
  req.sessionStore.get(req.sessionID, (error, data) => {
    done(error, data ?? (wasInStore ? null : undefined))
  })
}
