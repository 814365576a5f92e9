import cookieParser from 'cookie-parser'
import type { Request, Response } from '../core/express.js'
import type { SessionSettings } from './settings.js'
import { markPrivate } from './private-response.js'

/** Reads and writes the sign-in cookie. */
export interface SignInCookie {
  /** Whether the request brings the cookie, good or bad. */
  isSent(req: Request): boolean
  /** Reads the cookie; nothing when it comes twice: nobody can tell which one the user's browser got from us. */
  read(req: Request): string | undefined
  /** Reads everything that came as the cookie, for a sign-out that leaves nothing behind. */
  readAll(req: Request): readonly string[]
  /**
   * Checks what would become the cookie.
   *
   * @throws RangeError or TypeError when no browser would keep it.
   */
  check(value: string): void
  write(res: Response, value: string): void
  clear(res: Response): void
}

// Chromium drops a cookie over 4096 bytes without a word; others count the name alike.
const maxSize = 4096

// What a cookie may hold without quoting or encoding, and a session id or a JWT consists of.
const plainValue = /^[\w\-.~+/=]+$/

/** Prepares the sign-in cookie. */
export function prepareCookie(settings: SessionSettings): SignInCookie {
  const { cookieName: name, secure, sameSite, maxAge } = settings
  const attributes = `Path=/; HttpOnly; ${secure ? 'Secure; ' : ''}SameSite=${sameSite}`
  const sent = (req: Request): readonly string[] => valuesOf(req.headers.cookie, name)

  // One line per name: what an earlier step of the same request wrote is replaced.
  function send(res: Response, line: string): void {
    const lines = [res.getHeader('Set-Cookie') ?? []].flat().map(String)
    res.setHeader('Set-Cookie', [...lines.filter((other) => !other.startsWith(`${name}=`)), line])
    markPrivate(res)
  }

  return {
    isSent: (req) => sent(req).length > 0,
    read(req) {
      const [value, ...others] = sent(req)
      return others.length === 0 && value !== undefined && plainValue.test(value)
        ? value
        : undefined
    },
    readAll: (req) => [...new Set(sent(req).filter((value) => plainValue.test(value)))],
    check(value) {
      const size = name.length + value.length
      if (size > maxSize) {
        throw new RangeError(
          `The access token makes a cookie of ${size} bytes and browsers drop those over ${maxSize}: use cookieContent: 'id', or put less into the token`,
        )
      }
      if (!plainValue.test(value)) {
        throw new TypeError("The access token cannot be a cookie's value: use cookieContent: 'id'")
      }
    },
    write(res, value) {
      send(res, `${name}=${value}; Max-Age=${Math.floor(maxAge)}; ${attributes}`)
    },
    clear(res) {
      send(res, `${name}=; Max-Age=0; ${attributes}`)
    },
  }
}

const readPair = cookieParser(undefined, { decode: (value) => value })

// RFC 6265 section 5.4. Pair by pair, so that a cookie that comes twice is seen twice, and on an object of our
// own: where the request had its cookies already, the app's own parser would leave it alone. Names are compared
// octet by octet, spaces and tabs around them aside.
function valuesOf(header: string | undefined, name: string): readonly string[] {
  return (header ?? '').split(';').flatMap((cookie) => {
    const pair: { headers: object; cookies?: Record<string, unknown> } = { headers: { cookie } }
    readPair(pair as unknown as Request, {} as unknown as Response, () => undefined)
    const value = pair.cookies?.[name]
    if (typeof value !== 'string') return []
    // The parser takes quotes off, which no browser got from us.
    return [cookie.includes('"') ? `"${value}"` : value]
  })
}
