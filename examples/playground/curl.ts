import type { Callers } from './tokens.js'

const requests = [
  [200, 'A reader lists the orders', 'GET', '/api/orders', 'reader'],
  [200, 'An admin sees the revenue', 'GET', '/api/revenue', 'admin'],
  [200, 'A token that only its issuer can read', 'GET', '/api/orders', 'opaque'],
  [200, 'Nobody in particular reads a public page', 'GET', '/api/status', undefined],
  [401, 'Nobody in particular asks for the orders', 'GET', '/api/orders', undefined],
  [401, 'The token has expired', 'GET', '/api/orders', 'expired'],
  [401, 'The token was changed after it was signed', 'GET', '/api/revenue', 'tampered'],
  [401, 'A token that is bound to a key, without a proof', 'GET', '/api/orders', 'stolen'],
  [403, 'A reader asks for the revenue', 'GET', '/api/revenue', 'reader'],
  [403, 'A reader ships an order', 'POST', '/api/orders/1042/ship', 'reader'],
] as const

/** Writes the lines to copy and paste, each below the status it is answered with. */
export async function curlLines(url: string, callers: Callers): Promise<string> {
  const lines: string[] = []
  for (const [status, story, method, path, caller] of requests) {
    const token = caller === undefined ? undefined : await callers.get(caller)?.()
    const post = method === 'POST' ? ' -X POST' : ''
    const header = token === undefined ? '' : ` -H "Authorization: Bearer ${token}"`
    lines.push(`# ${status}: ${story}\ncurl -i${post}${header} ${url}${path}\n`)
  }
  return lines.join('\n')
}
