import { createListeners } from '../browser/listeners.js'
import type { TokenResponse, TokenStoreService } from '../browser/token-store-service.js'
import type { Request, Response } from '../core/express.js'
import type { SessionKeeper } from './keeper.js'
import type { SessionSettings } from './settings.js'
import { recordSession, sessionOf } from './request-session.js'
import { readTokens } from './session-data.js'
import type { SignInCookie } from './sign-in-cookie.js'

/** Creates the server's side of {@link TokenStoreService}: the session of one request. */
export function createTokenStore(
  req: Request,
  res: Response,
  {
    settings,
    cookie,
    keeper,
  }: {
    readonly settings: SessionSettings
    readonly cookie: SignInCookie
    readonly keeper: SessionKeeper
  },
): TokenStoreService {
  const listeners = createListeners<TokenResponse | undefined>()

  // A cookie that can no longer be sent would leave a session that its user does not know of.
  function mustBeUnsent(): void {
    if (res.headersSent) {
      throw new Error(
        'The response has begun: sign-in and sign-out must come before its first byte',
      )
    }
  }

  // All that were named: a cookie that comes twice may be anybody's, and none of them stays behind.
  async function endPrevious(): Promise<void> {
    const ends = await Promise.allSettled(cookie.readAll(req).map((value) => keeper.end(value)))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  return {
    get() {
      const { tokens, failure } = sessionOf(req)
      return failure === undefined ? Promise.resolve(tokens) : Promise.reject(failure)
    },
    async set(answer) {
      mustBeUnsent()
      const tokens = readTokens(answer)
      const value = await keeper.start(tokens)
      try {
        cookie.check(value)
        // A new id at every sign-in: one that somebody planted before is worth nothing afterwards.
        await endPrevious()
        mustBeUnsent()
      } catch (error) {
        keeper.takeBack(value)
        throw error
      }
      cookie.write(res, value)
      recordSession(req, { settings, tokens })
      listeners.tell(tokens)
    },
    async clear() {
      mustBeUnsent()
      // First, so that the cookie of a session that could not be ended stays for another try.
      await endPrevious().catch((failure: unknown) => {
        // Until then nobody can tell whether this user is signed in.
        recordSession(req, { settings, failure: failure as Error })
        throw failure
      })
      mustBeUnsent()
      cookie.clear(res)
      recordSession(req, { settings })
      listeners.tell(undefined)
    },
    subscribe: (listener) => listeners.add(listener),
  }
}
