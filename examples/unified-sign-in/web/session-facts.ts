import type { Request } from 'express'
import type { TokenResponse } from 'express-jwt-bearer/session'
import { fingerprint } from 'express-jwt-bearer/tokens'
import type { SessionFacts } from '../shared/models.js'

/**
 * Says what is where, for the page to show: names, times, and the first digits of hashes. Who sees all of it
 * can do nothing with it.
 *
 * @returns Nothing when nobody is signed in by a cookie.
 */
export function sessionFacts(
  req: Request,
  tokens: TokenResponse | undefined,
): SessionFacts | undefined {
  const { user } = req
  // With or without the prefix, which browsers take on secure connections alone.
  const cookie = /(?:^|; )(?<name>(?:__Host-Http-)?session)=(?<id>[^;]+)/.exec(
    req.headers.cookie ?? '',
  )
  if (user === undefined || tokens?.refreshToken === undefined || cookie === null) return undefined
  const { exp = 0, iat = 0, auth_time: signedInAt = iat } = user.claims
  return {
    cookie: {
      name: cookie.groups?.['name'] ?? '',
      begins: cookie.groups?.['id']?.slice(0, 4) ?? '',
    },
    access: { hash: fingerprint(tokens.accessToken), until: timeOf(exp) },
    refresh: { hash: fingerprint(tokens.refreshToken) },
    lifetime: exp - iat,
    secondsLeft: Math.max(0, exp - Math.floor(Date.now() / 1000)),
    signedInAt: timeOf(Number(signedInAt)),
    refreshedAt: iat > Number(signedInAt) ? timeOf(iat) : undefined,
  }
}

// The same words on both sides, so that the browser takes over exactly what was rendered.
function timeOf(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(11, 19)} UTC`
}
