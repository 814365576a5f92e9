import { isLoopbackHost } from '../../internal/loopback-host.js'
import { ConfigurationError } from '../errors.js'
import { readText } from '../option-checks.js'

// What can stand in a challenge: visible ASCII without quotes and backslashes (RFC 6750 section 3).
const fitsChallenge = /^[\x21\x23-\x5B\x5D-\x7E]+$/

// `new URL()` alone would take `https:api` for one as well.
const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/]/i

/**
 * Reads the address of the protected resource's metadata.
 *
 * @throws {@link ConfigurationError} when clients could not, or should not, fetch it.
 */
export function readResourceMetadata(value: unknown): string | undefined {
  const address = readText(value, 'resourceMetadata')
  if (address === undefined) return undefined
  const fault = faultOf(address)
  if (fault === undefined) return address
  throw new ConfigurationError(
    `"resourceMetadata" ${fault}; write it as clients fetch it, such as https://api.example.com/.well-known/oauth-protected-resource`,
  )
}

function faultOf(address: string): string | undefined {
  if (!fitsChallenge.test(address)) return 'must hold visible ASCII without quotes and backslashes'
  if (!absolute.test(address) || !URL.canParse(address)) return 'must be an absolute URL'
  const { protocol, hostname, username, password } = new URL(address)
  if (username !== '' || password !== '') return 'must hold no user name and no password'
  if (address.includes('#')) return 'must hold no fragment'
  const isSafe = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
  return isSafe ? undefined : 'must be an https: URL, unless it is on this machine'
}
