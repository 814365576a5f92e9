import { wait, within } from '../internal/time-limit.js'
import { nameOf } from './fingerprint.js'
import { createSingleFlight } from './single-flight.js'
import type { StoredUserToken } from './user-token-store.js'
import type { UserKey, UserToken } from './user-token.js'

/** What became of a write: done, lost to somebody else's, or too late because the session is over. */
export type WriteOutcome = 'stored' | 'lost' | 'gone'

/** A renewed token on its way to the store. */
export interface TokenWrite {
  readonly token: UserToken
  /** What was renewed: the write goes over that alone. */
  readonly base: StoredUserToken
  /** The contents over which it may go, because this process wrote them, or meant to. */
  readonly ours: ReadonlySet<string>
}

/** Renewed tokens that could not be written yet, the newest one of each session. */
export interface WaitingTokens {
  get(user: UserKey): TokenWrite | undefined
  add(user: UserKey, write: TokenWrite): void
  drop(user: UserKey): void
  /** Tries to write what waits, for a moment. Never fails. */
  settle(user: UserKey): Promise<void>
}

// In seconds. A caller does not wait for longer than that for a store that hangs.
const patience = 1
const pause = 1

/** Creates the memory of tokens that wait; they are written as soon as the store is back. */
export function createWaitingTokens(
  write: (user: UserKey, write: TokenWrite) => Promise<WriteOutcome>,
  onOutcome: (user: UserKey, write: TokenWrite, outcome: WriteOutcome) => Promise<void>,
): WaitingTokens {
  const waiting = new Map<string, TokenWrite>()
  const share = createSingleFlight<unknown>()

  async function attempt(user: UserKey, name: string): Promise<void> {
    const entry = waiting.get(name)
    if (entry === undefined) return
    const outcome = await write(user, entry)
    // A newer token, or the end of the session, may have come in the meantime.
    if (waiting.get(name) !== entry) return
    waiting.delete(name)
    await onOutcome(user, entry, outcome)
  }

  // One attempt at a time, whoever asks.
  const attemptOnce = (user: UserKey, name: string) =>
    share(name, () => attempt(user, name).catch(() => undefined))

  async function keepTrying(user: UserKey, name: string): Promise<void> {
    while (waiting.has(name)) {
      await wait(pause * 1000)
      await attemptOnce(user, name)
    }
  }

  return {
    get: (user) => waiting.get(nameOf(user)),
    add(user, entry) {
      const name = nameOf(user)
      const isTried = waiting.has(name)
      waiting.set(name, entry)
      if (!isTried) void keepTrying(user, name)
    },
    drop(user) {
      waiting.delete(nameOf(user))
    },
    async settle(user) {
      const name = nameOf(user)
      if (!waiting.has(name)) return
      await within(patience, () => attemptOnce(user, name)).catch(() => undefined)
    },
  }
}
