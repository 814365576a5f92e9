import { ConfigurationError } from '../core/errors.js'
import { readList, readText } from '../core/option-checks.js'
import { isLoopbackHost } from '../internal/loopback-host.js'
import { shownAddress } from '../internal/shown-address.js'

/**
 * Reads the address of the resource, whose spelling is part of it.
 *
 * @throws {@link ConfigurationError} when it is missing, or is no address that clients could call and compare.
 */
export function readResource(value: unknown): string {
  const text = readText(value, 'resource')
  if (text === undefined) {
    throw new ConfigurationError(
      '"resource" is missing; set it to the URL that clients call, such as "https://api.example.com/mcp"',
    )
  }
  return exactAddress(text, 'resource')
}

/**
 * Reads the issuers.
 *
 * @throws {@link ConfigurationError} when there is none, or one that RFC 8414 section 2 does not allow.
 */
export function readAuthorizationServers(value: unknown): readonly string[] {
  const servers = readList(value, 'authorizationServers')
  if (servers.length === 0) {
    throw new ConfigurationError(
      '"authorizationServers" must hold at least one issuer, exactly as in the "iss" of its tokens, such as ["https://issuer.example"]',
    )
  }
  servers.forEach((server, index) => {
    const name = `authorizationServers[${index}]`
    secureUrl(server, name)
    if (/[?#]/.test(server)) throw refused(name, 'must have no query and no fragment', server)
  })
  return [...servers]
}

/**
 * Reads the address of the document; without one it follows from the resource (RFC 9728 section 3.1).
 *
 * @throws {@link ConfigurationError} when it is on another origin than the resource.
 */
export function readMetadataUrl(value: unknown, resource: string): string {
  const text = readText(value, 'metadataUrl')
  if (text === undefined) return insertedUrl(resource)
  const address = exactAddress(text, 'metadataUrl')
  const { origin } = new URL(resource)
  if (new URL(address).origin === origin) return address
  throw refused('metadataUrl', `must be on the origin of "resource", ${origin}`, address)
}

/** The path below which the documents of an origin are found. */
export const wellKnownPath = '/.well-known/oauth-protected-resource'

// RFC 9728 section 3.1: between the host and what follows it; a "/" that only ends the host is dropped.
function insertedUrl(resource: string): string {
  const { origin, pathname } = new URL(resource)
  const rest = resource.slice(origin.length)
  return `${origin}${wellKnownPath}${pathname === '/' ? rest.replace(/^\//, '') : rest}`
}

/**
 * Reads the address of a page for people; `undefined` stays `undefined`.
 *
 * @throws {@link ConfigurationError} when no browser could open it.
 */
export function readPage(value: unknown, name: string): string | undefined {
  const text = readText(value, name)
  if (text === undefined) return undefined
  const { protocol } = parse(text, name)
  if (protocol !== 'https:' && protocol !== 'http:') throw refused(name, 'must be a web page', text)
  return text
}

// Clients compare letter by letter, so every client must come to the same letters from what people type.
function exactAddress(text: string, name: string): string {
  const { href, pathname, search } = secureUrl(text, name)
  if (text.includes('#')) throw refused(name, 'must have no fragment', text)
  const isBareOrigin = pathname === '/' && search === '' && href === `${text}/`
  if (href !== text && !isBareOrigin) {
    throw refused(name, `must be written as clients send it, "${href}"`, text)
  }
  // The one character that a URL may keep and a challenge may not hold (RFC 6750 section 3).
  if (text.includes('\\')) throw refused(name, 'must hold no "\\"; write "%5C"', text)
  return text
}

function secureUrl(text: string, name: string): URL {
  const url = parse(text, name)
  const { protocol, hostname, username, password } = url
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopbackHost(hostname))) {
    throw refused(name, 'must be https:, or http: on this machine alone', text)
  }
  if (username !== '' || password !== '') throw refused(name, 'must have no user name', text)
  return url
}

function parse(text: string, name: string): URL {
  // A URL parser takes white space away at the ends and line breaks anywhere, without a word.
  if (URL.canParse(text) && !/\s/.test(text)) return new URL(text)
  throw refused(name, 'must be an absolute URL, such as "https://api.example.com/mcp"', text)
}

function refused(name: string, rule: string, text: string): ConfigurationError {
  return new ConfigurationError(`"${name}" ${rule}; got ${JSON.stringify(shownAddress(text))}`)
}
