import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'

// OWASP's first choice for argon2id, which is this library's default algorithm.
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Is thrown when too many passwords wait to be hashed. */
export class TooBusyError extends Error {
  readonly status = 503
  readonly headers = { 'Retry-After': '1' }
}

export interface PasswordOptions {
  /** How many hashes are computed at a time: each takes a thread of the pool, which others need too. */
  readonly concurrency?: number
  /** How many may wait. */
  readonly queue?: number
}

/** Hashes and checks passwords, a few at a time, so that a storm of sign-ins neither fills the memory nor stops all else. */
export async function createPasswords({ concurrency = 2, queue = 100 }: PasswordOptions = {}) {
  let running = 0
  const waiting: (() => void)[] = []

  async function limited<T>(work: () => Promise<T>): Promise<T> {
    if (running < concurrency) running++
    else if (waiting.length >= queue) throw new TooBusyError('Too many sign-ins at a time')
    // The one who ends hands its place over.
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  const nobody = await hash(randomBytes(16), parameters)

  return {
    hash: (password: string) => limited(() => hash(password, parameters)),

    /** Checks a password. Without a hash it takes as long, so that nobody learns which users exist. */
    async matches(password: string, stored: string | undefined): Promise<boolean> {
      const matches = await limited(() => verify(stored ?? nobody, password))
      return matches && stored !== undefined
    },
  }
}

export type Passwords = Awaited<ReturnType<typeof createPasswords>>
