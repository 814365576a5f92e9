import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { createTurns } from './turns.js'

/** A person who can sign in. */
export interface User {
  readonly id: string
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly roles: readonly string[]
}

/** A person to put into the table. */
export type NewUser = Omit<User, 'id'> & { readonly password: string }

/** A user table in memory. */
export interface UserTable {
  /** Checks a password; takes as long for an unknown e-mail address as for a known one. */
  verify(email: string, password: string): Promise<User | undefined>
}

interface Hash {
  readonly salt: Buffer
  readonly key: Buffer
}

// A core stays free for everything that is no password; each hash takes a thread of the pool as well.
const takeTurns = createTurns({ atOnce: Math.max(1, availableParallelism() - 1), waiting: 8 })

/**
 * Creates the table.
 *
 * Its `verify()` throws a `TooBusyError` while too many wait for theirs.
 */
export async function createUserTable(newUsers: readonly NewUser[]): Promise<UserTable> {
  const users = new Map<string, { readonly user: User; readonly hash: Hash }>()
  for (const [index, { password, ...user }] of newUsers.entries()) {
    const hash = await hashPassword(password)
    users.set(user.email.toLowerCase(), { user: { ...user, id: `user-${index + 1}` }, hash })
  }
  const nobody = await hashPassword(randomBytes(16).toString('hex'))

  return {
    async verify(email, password) {
      const found = users.get(email.toLowerCase())
      const hash = found?.hash ?? nobody
      const { key } = await takeTurns(() => hashPassword(password, hash.salt))
      return timingSafeEqual(key, hash.key) ? found?.user : undefined
    },
  }
}

function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<Hash> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize(), salt, 32, { N: 2 ** 14, r: 8, p: 5 }, (error, key) => {
      if (error) reject(error)
      else resolve({ salt, key })
    })
  })
}
