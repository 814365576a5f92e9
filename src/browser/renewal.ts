import type { PageSession } from './page-session.js'
import type { ServerCalls } from './server-calls.js'

/** Gets a good access token; nothing when there is none to be had now. Never rejects. */
export type Renew = (rejected: string | undefined) => Promise<string | undefined>

/**
 * Prepares the renewal of the page's token: one call for any number of callers.
 *
 * @param onEnded - Is called once when the server says that nobody is signed in any more.
 */
export function prepareRenewal(
  session: PageSession,
  server: ServerCalls,
  onEnded: () => Promise<void>,
): Renew {
  let running: { readonly epoch: number; readonly token: Promise<string | undefined> } | undefined

  async function renew(rejected: string | undefined): Promise<string | undefined> {
    const { epoch } = session
    const tokens = await server.refresh(rejected)
    // Somebody has signed in or out meanwhile: what was fetched belongs to a session that is over.
    if (session.epoch !== epoch) return undefined
    if (tokens === null) {
      await onEnded()
      return undefined
    }
    await session.tokens.set(tokens)
    return tokens.accessToken
  }

  return (rejected) => {
    if (running?.epoch !== session.epoch) {
      const token = renew(rejected)
        // An outage says nothing about the user, so it changes nothing.
        .catch(() => undefined)
        .finally(() => {
          if (running?.token === token) running = undefined
        })
      running = { epoch: session.epoch, token }
    }
    return running.token
  }
}
