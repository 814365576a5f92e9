import { createHash } from 'node:crypto'
import { checkUserKey, type UserKey } from './user-token.js'

/**
 * Names a session or a token as events do, without giving it away: the first eight digits of a SHA-256.
 *
 * @example Only what concerns one user
 * ```ts
 * onEvent: (event) => { if (event.user === fingerprint(user)) show(event) }
 * ```
 */
export function fingerprint(secret: UserKey | string): string {
  const text = typeof secret === 'string' ? secret : nameOf(secret)
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

/**
 * Names a session as a key of maps; unambiguous whatever characters its parts hold.
 *
 * @throws `TypeError` when the key names nobody.
 */
export function nameOf(user: UserKey): string {
  checkUserKey(user)
  return JSON.stringify([user.subject, user.sessionId])
}
