import { ConfigurationError } from '../core/errors.js'
import type { Request } from '../core/express.js'
import { show } from '../core/option-checks.js'
import { isPromise } from '../internal/maybe-promise.js'
import { isLoopbackHost } from '../internal/loopback-host.js'
import { normaliseUri } from './target-uri.js'

/**
 * Tells what clients put in front of the path, for hosts that are known only at run time; nothing
 * returned refuses the request.
 *
 * @param request - Check its host against a list of your own: whoever sends the request chooses it.
 */
export type PublicUrlResolver = (request: Request) => string | readonly string[] | undefined

/** Tells what clients put in front of the path of a request. */
export type PublicBases = (request: Request) => readonly string[]

/**
 * Reads the option `publicUrl`.
 *
 * @throws {@link ConfigurationError} when it is missing or is no address that clients could call.
 */
export function resolvePublicUrl(
  publicUrl: string | readonly string[] | PublicUrlResolver | undefined,
): PublicBases {
  if (publicUrl === undefined) {
    throw new ConfigurationError(
      '"publicUrl" is missing; set it to what clients put in front of the path, such as "https://api.example.com": the headers of a request cannot be trusted to say it',
    )
  }
  if (typeof publicUrl === 'function') return (request) => basesOf(answerOf(publicUrl, request))
  const bases = basesOf(publicUrl)
  if (bases.length === 0) throw new ConfigurationError('"publicUrl" must not be empty')
  return () => bases
}

function answerOf(resolve: PublicUrlResolver, request: Request): string | readonly string[] {
  const answer = resolve(request)
  if (!isPromise<unknown>(answer)) return answer ?? []
  // Nobody waits for it, so nobody else hears of its failure.
  void answer.then(undefined, () => undefined)
  throw new ConfigurationError('"publicUrl" must answer at once, got a promise')
}

function basesOf(publicUrl: string | readonly string[]): readonly string[] {
  if (!Array.isArray(publicUrl)) return [baseOf(publicUrl, 'publicUrl')]
  return publicUrl.map((url, index) => baseOf(url, `publicUrl[${index}]`))
}

function baseOf(url: unknown, name: string): string {
  const fault = faultOf(url)
  if (fault !== undefined) throw new ConfigurationError(`"${name}" ${fault}`)
  return (normaliseUri(url) as string).replace(/\/$/, '')
}

function faultOf(text: unknown): string | undefined {
  const example = 'such as "https://api.example.com"'
  if (typeof text !== 'string' || !URL.canParse(text)) {
    return `must be an absolute URL ${example}, got ${show(withoutSecrets(text))}`
  }
  const { protocol, username, password, origin, href, host, hostname, pathname } = new URL(text)
  const got = `got ${show(withoutSecrets(text))}`
  if (username !== '' || password !== '') return `must have no user name, ${example}`
  if (/[?#]/.test(text)) return `must have no query and no fragment, ${example}; ${got} with one`
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopbackHost(hostname))) {
    return `must be https:, or http: on this machine alone, got "${protocol}//${host}"`
  }
  if (href === text || href === `${text}/`) return undefined
  return `must be written as clients send it, "${pathname === '/' ? origin : href}"; ${got}`
}

function withoutSecrets(text: unknown): unknown {
  return typeof text === 'string' ? text.replace(/[?#].*$/s, '').replace(/^.*@/s, '') : text
}
