import type { Response } from '../express.js'

const readable = ['WWW-Authenticate', 'Retry-After', 'DPoP-Nonce'] as const

/**
 * Lets pages on other origins read what an answer tells them to do: a response that CORS opens names its
 * challenge, pause and nonce in `Access-Control-Expose-Headers`, added to what is there.
 *
 * @param coming - Headers that are written later.
 */
export function exposeHeaders(res: Response, coming: readonly string[] = []): void {
  // Plain servers may hand in less than a response.
  if (typeof (res as Partial<Response>).getHeader !== 'function') return
  if (res.getHeader('Access-Control-Allow-Origin') === undefined) return
  const there = [res.getHeader('Access-Control-Expose-Headers') ?? []]
    .flat()
    .flatMap((line) => String(line).split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const known = new Set(there.map((name) => name.toLowerCase()))
  if (known.has('*')) return
  const added = readable.filter(
    (name) =>
      (coming.includes(name) || res.getHeader(name) !== undefined) &&
      !known.has(name.toLowerCase()),
  )
  if (added.length > 0) {
    res.setHeader('Access-Control-Expose-Headers', [...there, ...added].join(', '))
  }
}
