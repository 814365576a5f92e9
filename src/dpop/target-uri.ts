// RFC 3986 section 2: what may stand in a path. Everything else is percent-encoded, on both sides alike and
// not by `new URL()`, whose set of characters changes from one Node to the next.
const outsidePath = /[^\w\-.~!$&'()*+,;=:@/%]/g

const unreserved = /^[\w\-.~]$/

const dotSegment = /(?:^|\/)\.\.?(?=\/|$)/

// Visible ASCII without a backslash, the scheme spelled out, no user name; a query and a fragment are cut off.
const httpUri = /^(https?):\/\/([^/?#@\\]+)(\/[^?#\\]*)?(?:[?#][^\\]*)?$/i

const hostAndPort = /^(\[[^\]]+\]|[^:]+)(?::(\d*))?$/

/**
 * Reads an address as a client may write it, and writes it as all clients' addresses are compared
 * (RFC 3986 sections 6.2.2 and 6.2.3).
 *
 * @returns Nothing when it is no http or https address in full.
 */
export function normaliseUri(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || !/^[\x21-\x7e]+$/.test(uri)) return undefined
  const [, scheme = '', authority = '', path = '/'] = httpUri.exec(uri) ?? []
  const [, host = '', port = ''] = hostAndPort.exec(normaliseEscapes(authority)) ?? []
  if (host === '') return undefined
  const protocol = scheme.toLowerCase()
  const isDefault = port === '' || port === (protocol === 'https' ? '443' : '80')
  const origin = `${protocol}://${host.toLowerCase()}${isDefault ? '' : `:${port}`}`
  return origin + withoutDotSegments(normalisePath(path))
}

/**
 * Reads the path of a request's target, which may be an absolute address.
 *
 * @returns Nothing when no client can mean it: a router takes a dot segment as it stands, so that a proof
 * for where it leads would open another route.
 */
export function targetPath(target: unknown): string | undefined {
  if (typeof target !== 'string') return undefined
  const end = target.search(/[?#]/)
  const path = (end < 0 ? target : target.slice(0, end)).replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '')
  if (path.includes('\\') || !/^(?:\/|$)/.test(path)) return undefined
  const normalised = normalisePath(path === '' ? '/' : path)
  return dotSegment.test(normalised) ? undefined : normalised
}

function normalisePath(path: string): string {
  return normaliseEscapes(path.replace(outsidePath, percentEncode))
}

// Node hands a target out one byte per character.
function percentEncode(character: string): string {
  const bytes = Buffer.from(character, character <= '\xff' ? 'latin1' : 'utf8')
  return bytes.toString('hex').toUpperCase().replace(/../g, '%$&')
}

function normaliseEscapes(text: string): string {
  return text.replace(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return unreserved.test(character) ? character : escape.toUpperCase()
  })
}

// RFC 3986 section 5.2.4.
function withoutDotSegments(path: string): string {
  if (!dotSegment.test(path)) return path
  const kept: string[] = []
  const segments = path.slice(1).split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  const endsInside = /^\.\.?$/.test(segments.at(-1) as string)
  return `/${kept.join('/')}${endsInside && kept.length > 0 ? '/' : ''}`
}
