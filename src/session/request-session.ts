import type { TokenResponse } from '../browser/token-store-service.js'
import { ConfigurationError } from '../core/errors.js'
import type { SessionSettings } from './settings.js'

/** What the session found out about a request. */
export interface RequestSession {
  readonly settings: SessionSettings
  /** The tokens behind the cookie. */
  readonly tokens?: TokenResponse | undefined
  /** Why nobody could say whether there are any. */
  readonly failure?: Error | undefined
}

// Held outside the request, where no other middleware can write.
const sessions = new WeakMap<object, RequestSession>()

/** Keeps what was found out about a request. */
export function recordSession(request: object, session: RequestSession): void {
  sessions.set(request, session)
}

/**
 * Reads what was found out about a request.
 *
 * @throws {@link ConfigurationError} when the session's middleware did not run before.
 */
export function sessionOf(request: object): RequestSession {
  const session = sessions.get(request)
  if (session !== undefined) return session
  throw new ConfigurationError(
    'The session was read before it was loaded: put app.use(session.middleware) first, in front of jwtBearer()',
  )
}
