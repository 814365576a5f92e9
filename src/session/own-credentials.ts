import type { Request } from '../core/express.js'

// A scheme is case-insensitive (RFC 9110 section 11.1) and ends before the first character that cannot be part of one.
const tokenScheme = /^[ \t]*(?:Bearer|DPoP)(?![!#$%&'*+\-.^_`|~0-9A-Za-z])/i

/**
 * Tells whether a caller brings a token of its own, good or bad: then the cookie speaks for nobody.
 * Browsers add credentials of other schemes by themselves, beside the cookie.
 */
export function bringsToken({ headers }: Pick<Request, 'headers'>): boolean {
  return headers.authorization !== undefined && tokenScheme.test(headers.authorization)
}
