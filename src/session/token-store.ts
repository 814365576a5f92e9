import { createListeners } from '../browser/listeners.js'
import type { TokenResponse, TokenStoreService } from '../browser/token-store-service.js'
import type { Request, Response } from '../core/express.js'
import type { SessionKeeper } from './keeper.js'
import type { SessionSettings } from './settings.js'
import { recordSession, sessionOf } from './request-session.js'
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

  async function endPrevious(): Promise<void> {
    const previous = cookie.read(req, res)
    if (previous !== undefined) await keeper.end(previous)
  }

  return {
    get() {
      const { tokens, failure } = sessionOf(req)
      return failure === undefined ? Promise.resolve(tokens) : Promise.reject(failure)
    },
    async set(tokens) {
      mustBeUnsent()
      cookie.write(res, await keeper.start(tokens))
      // A new id at every sign-in: one that somebody planted before is worth nothing afterwards.
      await endPrevious()
      recordSession(req, { settings, tokens })
      listeners.tell(tokens)
    },
    async clear() {
      mustBeUnsent()
      cookie.clear(res)
      await endPrevious()
      recordSession(req, { settings })
      listeners.tell(undefined)
    },
    subscribe: (listener) => listeners.add(listener),
  }
}
