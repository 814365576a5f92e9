import type { IncomingMessage } from 'node:http'
import cookieParser from 'cookie-parser'
import type { CookieOptions, Request, Response } from 'express'
import type { UserKey } from 'express-jwt-bearer/tokens'
import { setting } from './part.js'

// The browser holds who it is and nothing else; the tokens stay on the server. Over https the cookie
// would be called `__Host-session` and be `secure`.
const name = 'session'
const attributes: CookieOptions = { httpOnly: true, sameSite: 'lax', signed: true, path: '/' }

/** Makes the signed cookies of a request readable. */
export const readCookies = cookieParser(setting('COOKIE_SECRET'))

/** Tells who the browser says it is; the store says whether that one is still signed in. */
export function readSession(req: Pick<Request, 'signedCookies'>): UserKey | undefined {
  const value: unknown = (req.signedCookies as Record<string, unknown>)[name]
  return typeof value === 'string' ? (JSON.parse(value) as UserKey) : undefined
}

/** The same for a request that Express has never seen, such as the opening of a WebSocket. */
export function readUpgradeSession(req: IncomingMessage): UserKey | undefined {
  const request = req as Request
  // cookie-parser reads the request and leaves the response alone.
  readCookies(request, request.res as Response, () => undefined)
  return readSession(request)
}

/** Signs a browser in. */
export function writeSession(res: Response, user: UserKey): void {
  res.cookie(name, JSON.stringify({ subject: user.subject, sessionId: user.sessionId }), attributes)
}

/** Signs a browser out. */
export function clearSession(res: Response): void {
  res.clearCookie(name, attributes)
}
