import type { SessionStore } from './session-store.js'
import { within } from '../internal/time-limit.js'
import { unavailable } from './unavailable.js'

/** Seconds after which a store that has not answered counts as down. */
export const storeLimit = 5

/** Puts a time limit around a store, and one error in place of whatever its engine throws. */
export function limitStore(store: SessionStore): SessionStore {
  async function ask<T>(work: () => Promise<T>, onLate?: () => void): Promise<T> {
    try {
      return await within(storeLimit, work, onLate)
    } catch (cause) {
      throw unavailable('The session store cannot be reached now', cause)
    }
  }

  return {
    get: (key) => ask(() => store.get(key)),
    // Nobody got the cookie of a session that is written too late.
    set: (key, record) =>
      ask(
        () => store.set(key, record),
        () => {
          ask(() => store.delete(key)).catch(() => undefined)
        },
      ),
    replace: (key, version, record) => ask(() => store.replace(key, version, record)),
    delete: (key, version) => ask(() => store.delete(key, version)),
  }
}
