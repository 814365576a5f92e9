import cookieParser from 'cookie-parser'
import type { Request, Response } from '../core/express.js'
import type { SessionSettings } from './settings.js'
import { markPrivate } from './private-response.js'

/** Reads and writes the sign-in cookie. */
export interface SignInCookie {
  /** Whether the request brings the cookie, good or bad. */
  isSent(req: Request): boolean
  /** Reads the cookie; nothing when it comes twice: nobody can tell which one the user's browser got from us. */
  read(req: Request, res: Response): string | undefined
  write(res: Response, value: string): void
  clear(res: Response): void
}

const parse = cookieParser()

// Chromium drops a cookie over 4096 bytes without a word; others count the name alike.
const maxSize = 4096

// What a cookie may hold without quoting or encoding, and a session id or a JWT consists of.
const plainValue = /^[\w\-.~+/=]+$/

/** Prepares the sign-in cookie. */
export function prepareCookie(settings: SessionSettings): SignInCookie {
  const { cookieName: name, secure, sameSite, maxAge } = settings
  const attributes = `Path=/; HttpOnly; ${secure ? 'Secure; ' : ''}SameSite=${sameSite}`

  const sent = (req: Request): number =>
    (req.headers.cookie ?? '').split(';').filter((pair) => pair.split('=', 1)[0]?.trim() === name)
      .length

  // One line per name: what an earlier step of the same request wrote is replaced.
  function send(res: Response, line: string): void {
    const lines = [res.getHeader('Set-Cookie') ?? []].flat().map(String)
    res.setHeader('Set-Cookie', [...lines.filter((other) => !other.startsWith(`${name}=`)), line])
    markPrivate(res)
  }

  return {
    isSent: (req) => sent(req) > 0,
    read(req, res) {
      if (sent(req) !== 1) return undefined
      parse(req, res, () => undefined)
      const value: unknown = (req.cookies as Record<string, unknown>)[name]
      return typeof value === 'string' && value !== '' ? value : undefined
    },
    write(res, value) {
      const size = name.length + value.length
      if (size > maxSize) {
        throw new RangeError(
          `The access token makes a cookie of ${size} bytes and browsers drop those over ${maxSize}: use cookieContent: 'id', or put less into the token`,
        )
      }
      if (!plainValue.test(value)) {
        throw new TypeError("The access token cannot be a cookie's value: use cookieContent: 'id'")
      }
      send(res, `${name}=${value}; Max-Age=${Math.floor(maxAge)}; ${attributes}`)
    },
    clear(res) {
      send(res, `${name}=; Max-Age=0; ${attributes}`)
    },
  }
}
