import { createHash } from 'node:crypto'
import type { UserKey } from './user-token.js'

/** Names a secret in events and logs without giving it away. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8)
}

/** Names a session as a key of maps; unambiguous whatever characters its parts hold. */
export function nameOf(user: UserKey): string {
  return JSON.stringify([user.subject, user.sessionId])
}
