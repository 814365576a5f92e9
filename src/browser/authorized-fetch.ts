import { page } from './page.js'
import type { PageSession } from './page-session.js'
import type { Renew } from './renewal.js'

/**
 * Prepares a `fetch` that acts as the signed-in user on the origins given, and as nobody elsewhere.
 *
 * @param onEnded - Is called when a request is refused even with a fresh token.
 */
export function prepareFetch(
  session: PageSession,
  renew: Renew,
  origins: ReadonlySet<string>,
  onEnded: () => Promise<void>,
): typeof fetch {
  const currentToken = async () => (await session.tokens.get())?.accessToken

  // The cookie speaks for the user on the page's own origin; other origins need a token.
  async function tokenFor(origin: string): Promise<string | undefined> {
    const token = await currentToken()
    if (token !== undefined || origin === page.location.origin) return token
    return session.state.user === null ? undefined : renew(undefined)
  }

  return async (input, init) => {
    const target = input instanceof Request ? input : new URL(input, page.location.origin)
    const request = new Request(target, init)
    const { origin } = new URL(request.url)
    if (!origins.has(origin) || request.headers.has('Authorization')) return fetch(request)
    const { epoch } = session
    const token = await tokenFor(origin)
    // Copied before the body is read, so that the call can be made once more.
    const spare = request.clone()
    const response = await fetch(withToken(request, token))
    if (response.status !== 401 || session.epoch !== epoch) return response
    const current = await currentToken()
    const renewed = current !== token && current !== undefined ? current : await renew(token)
    if (renewed === undefined || session.epoch !== epoch) return response
    await response.body?.cancel()
    const second = await fetch(withToken(spare, renewed))
    if (second.status === 401 && session.epoch === epoch) await onEnded()
    return second
  }
}

function withToken(request: Request, token: string | undefined): Request {
  if (token !== undefined) request.headers.set('Authorization', `Bearer ${token}`)
  return request
}
