import { ConfigurationError } from '../core/errors.js'
import type { Request } from '../core/express.js'
import { readList, show } from '../core/option-checks.js'
import { isPromise } from '../internal/maybe-promise.js'
import { coverEverybody, readAddress, readIpRange } from './ip-ranges.js'

/** Tells whether a request comes from a proxy that may name the client's certificate. */
export type TrustsPeer = (request: Request) => boolean

/**
 * Reads the option `trustedProxies`.
 *
 * @throws {@link ConfigurationError} when it is missing, empty, names something that is no address, or
 * trusts everybody.
 */
export function resolveTrustedProxies(
  proxies: readonly string[] | TrustsPeer | undefined,
): TrustsPeer {
  if (typeof proxies === 'function') return (request) => isTrue(proxies(request))
  if (proxies === undefined) {
    throw new ConfigurationError(
      '"trustedProxies" is missing beside "header"; list the addresses of the proxies that may send it, such as ["10.0.0.0/8"], or whoever reaches the port could claim any certificate',
    )
  }
  const ranges = readList(proxies, 'trustedProxies').map((text, index) => {
    const range = readIpRange(text)
    if (range !== undefined) return range
    throw new ConfigurationError(
      `"trustedProxies[${index}]" must be an IP address or a range such as "10.0.0.0/8", got ${show(text)}`,
    )
  })
  if (ranges.length === 0) throw new ConfigurationError('"trustedProxies" must not be empty')
  if (coverEverybody(ranges)) {
    throw new ConfigurationError(
      '"trustedProxies" must not cover every address: whoever reaches the port could claim any certificate',
    )
  }
  // The peer of this connection, never what a header says of earlier ones.
  return ({ socket }) => {
    const peer = readAddress((socket as typeof socket | undefined)?.remoteAddress)
    return peer !== undefined && ranges.some(({ first, last }) => first <= peer && peer <= last)
  }
}

function isTrue(answer: unknown): boolean {
  // Nobody waits for a promise, so nobody else hears of its failure.
  if (isPromise(answer)) void answer.then(undefined, () => undefined)
  return answer === true
}
