import { randomBytes } from 'node:crypto'
import type { PostgresClient } from 'express-jwt-bearer/postgres'
import type { Passwords } from './passwords.js'

export interface User {
  readonly id: string
  readonly firstName: string | null
  readonly lastName: string | null
  readonly email: string
  readonly phoneNumber: string | null
  readonly roles: readonly string[]
}

export interface NewUser {
  readonly firstName?: string | null | undefined
  readonly lastName?: string | null | undefined
  readonly email: string
  readonly phoneNumber?: string | null | undefined
  readonly roles: readonly string[]
  readonly passwordHash: string
}

const columns = `"Id" AS id, "FirstName" AS "firstName", "LastName" AS "lastName", "Email" AS email,
  "PhoneNumber" AS "phoneNumber", "Roles" AS roles`

/** The user table. Password hashes leave it only where a password is checked. */
export function createUsers(database: PostgresClient) {
  async function read<T = User>(statement: string, ...parameters: unknown[]): Promise<T[]> {
    const { rows } = await database.query(statement, parameters)
    return rows as T[]
  }

  return {
    /** Adds a user; nothing when the address is taken. */
    async add(user: NewUser): Promise<User | undefined> {
      const [added] = await read(
        `INSERT INTO "User" ("FirstName", "LastName", "Email", "PasswordHash", "PhoneNumber", "Roles")
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING ${columns}`,
        user.firstName ?? null,
        user.lastName ?? null,
        user.email,
        user.passwordHash,
        user.phoneNumber ?? null,
        user.roles,
      )
      return added
    },

    async byId(id: string): Promise<User | undefined> {
      const [found] = await read(`SELECT ${columns} FROM "User" WHERE "Id" = $1`, id)
      return found
    },

    async byEmail(email: string): Promise<(User & { passwordHash: string }) | undefined> {
      const [found] = await read<User & { passwordHash: string }>(
        `SELECT ${columns}, "PasswordHash" AS "passwordHash" FROM "User"
         WHERE lower("Email") = lower($1)`,
        email,
      )
      return found
    },

    all: () => read(`SELECT ${columns} FROM "User" ORDER BY lower("Email")`),
  }
}

export type Users = ReturnType<typeof createUsers>

/** The users that everybody can try the example with. */
const demoUsers = [
  ['user@example.com', ['User']],
  ['admin@example.com', ['User', 'Admin']],
] as const

/** How demo users get their passwords: given, or made once and kept where a later start finds them. */
export interface DemoPasswords {
  readonly given: string | undefined
  read(email: string): string | undefined
  keep(email: string, password: string): void
}

/** A demo user; the password is that of an earlier start where nobody knows it. */
export interface DemoUser {
  readonly email: string
  readonly password: string | undefined
}

/**
 * Makes a user and an admin where there are none, and prints at every start how to sign in as them.
 *
 * @returns Who they are.
 */
export async function seedUsers(
  users: Users,
  passwords: Passwords,
  demo: DemoPasswords,
): Promise<readonly DemoUser[]> {
  const seeded: DemoUser[] = []
  for (const [email, roles] of demoUsers) {
    const known = await users.byEmail(email)
    if (known !== undefined) {
      const password = demo.given ?? demo.read(email) ?? ''
      const matches = await passwords.matches(password, known.passwordHash)
      const words = matches ? `with password ${password}` : 'with the password of its first start'
      console.info(`Sign in as ${email} ${words}`)
      seeded.push({ email, password: matches ? password : undefined })
      continue
    }
    const password = demo.given ?? randomBytes(12).toString('base64url')
    const passwordHash = await passwords.hash(password)
    const firstName = roles.at(-1)
    const added = await users.add({ email, roles, passwordHash, firstName, lastName: 'Example' })
    if (!added) continue
    if (demo.given === undefined) demo.keep(email, password)
    console.info(`Seeded ${email} with password ${password}`)
    seeded.push({ email, password })
  }
  return seeded
}
