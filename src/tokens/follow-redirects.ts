import { discardBody, type OutgoingRequest } from './outgoing-request.js'
import { TokenUnavailableError } from './token-unavailable-error.js'

// Fetch standard, HTTP-redirect fetch.
const redirects = [301, 302, 303, 307, 308]
const mostRedirects = 20

/**
 * Sends a request with credentials that `fetch` knows nothing of, and follows redirects as `fetch` does, but
 * never to another origin: there they would go along.
 *
 * @param present - Puts the credentials on a request; each address gets its own.
 * @throws {@link TokenUnavailableError} when a redirect leads to another origin.
 */
export async function sendWithinOrigin(
  outgoing: OutgoingRequest,
  present: (request: Request) => Promise<void>,
  send: (request: Request) => Promise<Response>,
): Promise<Response> {
  const isFollowing = outgoing.redirect === 'follow'
  let change: RequestInit = isFollowing ? { redirect: 'manual' } : {}
  let request = outgoing.build(change)
  for (let hops = 0; ; hops += 1) {
    await present(request)
    const { url, method } = request
    const response = await send(request)
    const location = response.headers.get('Location')
    if (!isFollowing || location === null || !redirects.includes(response.status)) return response
    await discardBody(response)
    const target = new URL(location, url)
    if (target.origin !== new URL(url).origin) throw new TokenUnavailableError('origin_not_allowed')
    if (hops === mostRedirects) throw new TypeError('The API redirects without end')
    if (becomesGet(response.status, method)) change = { ...change, method: 'GET', body: null }
    request = await outgoing.buildFor(target, change)
  }
}

function becomesGet(status: number, method: string): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return (status === 301 || status === 302) && method === 'POST'
}
