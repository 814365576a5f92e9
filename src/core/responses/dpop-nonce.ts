import type { SchemeResult } from '../authentication/request-state.js'
import type { Response } from '../express.js'
import { exposeHeaders } from './expose-headers.js'
import { whereTaken } from './http-error.js'

/**
 * Gives a refused caller a nonce, where the schemes that were asked need one in proofs: it spares a round trip
 * (RFC 9449 section 8). It is there before an event that answers by itself.
 *
 * @returns The nonce, for the error that the answer travels in.
 */
export function offerNonce(res: Response, found: readonly SchemeResult[]): string | undefined {
  for (const { scheme } of found) {
    const nonce = scheme.freshNonce?.()
    if (nonce === undefined) continue
    whereTaken(res, () => {
      res.setHeader('DPoP-Nonce', nonce)
      exposeHeaders(res, ['WWW-Authenticate'])
    })
    return nonce
  }
  return undefined
}

/** Gives a caller another nonce in time, with the answer that the handler will write (RFC 9449 section 8.2). */
export function renewNonce(res: Response, { scheme }: SchemeResult): void {
  const nonce = scheme.freshNonce?.()
  if (nonce === undefined) return
  whereTaken(res, () => {
    res.setHeader('DPoP-Nonce', nonce)
    res.setHeader('Cache-Control', 'no-store')
    exposeHeaders(res)
  })
}
