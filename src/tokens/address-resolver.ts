import { ConfigurationError } from '../core/errors.js'
import { readList } from '../core/option-checks.js'
import { TokenUnavailableError } from './token-unavailable-error.js'

/** Creates the function that turns what was given to `fetch` into an address that may get the token. */
export function createAddressResolver(
  baseUrl: string | URL,
  allowedOrigins: readonly string[] | undefined,
): (input: string | URL | Request) => URL {
  const base = readUrl(baseUrl, 'baseUrl')
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const origins = new Set(
    allowedOrigins === undefined
      ? [base.origin]
      : readList(allowedOrigins, 'allowedOrigins').map(readOrigin),
  )
  return (input) => {
    const target = new URL(input instanceof Request ? input.url : input, base)
    if (!origins.has(target.origin)) throw new TokenUnavailableError('origin_not_allowed')
    return target
  }
}

function readOrigin(text: string): string {
  const { origin, href } = readUrl(text, 'allowedOrigins')
  if (href === `${origin}/`) return origin
  throw new ConfigurationError(
    `"allowedOrigins" must hold origins like "${origin}", without a path`,
  )
}

function readUrl(value: string | URL, name: string): URL {
  const text = String(value)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    return url
  }
  throw new ConfigurationError(`"${name}" must be an http or https address without credentials`)
}
