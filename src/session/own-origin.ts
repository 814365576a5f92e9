import type { Request } from '../core/express.js'

// What a browser writes, and nothing that a URL parser would read a host out of all the same.
const originPattern = /^https?:\/\/[^\s/?#@\\,]+$/i
const hostPattern = /^[^\s/?#@\\,]+$/

/** Tells whether an `Origin` is that of the request itself: same host, same port, no weaker scheme. */
export function isOwnOrigin(req: Request, origin: string): boolean {
  const host = hostOf(req)
  if (host === undefined || !originPattern.test(origin) || !hostPattern.test(host)) return false
  const scheme = schemeOf(req)
  const here = `${scheme}://${host}`
  if (!URL.canParse(origin) || !URL.canParse(here)) return false
  const { protocol, host: there } = new URL(origin)
  // The other way round a proxy in front of us speaks TLS.
  if (scheme === 'https' && protocol === 'http:') return false
  // Without the port where it is the default of the scheme.
  return there === new URL(here).host
}

function schemeOf(req: Request): string {
  // Nothing but Express knows which proxies are trusted to say so.
  const protocol = (req as Partial<Request>).protocol?.toLowerCase()
  if (protocol !== undefined) return protocol === 'https' ? 'https' : 'http'
  return (req.socket as { encrypted?: boolean }).encrypted === true ? 'https' : 'http'
}

type TrustProxy = (address: string | undefined, hop: number) => boolean

// Express 4 leaves the port out of `req.host`.
function hostOf(req: Request): string | undefined {
  const { 'x-forwarded-host': forwarded, host } = req.headers
  const trusts = (req as Partial<Request>).app?.get('trust proxy fn') as TrustProxy | undefined
  const isTrusted = trusts?.(req.socket.remoteAddress, 0) === true
  if (!isTrusted || forwarded === undefined || forwarded.length === 0) return host
  return String(forwarded).split(',', 1)[0]?.trim()
}
