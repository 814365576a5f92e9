import { equal, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { StoredUserToken, UserTokenStore } from '../tokens/user-token-store.js'
import type { UserKey } from '../tokens/user-token.js'
import type { Proofs } from './contract.js'

/** What stores of user tokens must do that have a lock. A store without one has nothing to prove. */
export const userTokenStoreLocks: Proofs<UserTokenStore> = {
  'lets one at a time have the lock of a session': async ({ subject: store }) => {
    if (!store.lock) return
    const [user, other] = [someUser(), someUser()]
    const locks = await Promise.all([1, 2, 3].map(async () => store.lock?.(user, 10)))
    const [lock, ...more] = locks.filter((held) => held !== undefined)
    equal(more.length, 0)
    ok(await store.lock(other, 10), 'the lock of another session is free')
    await lock?.release()
    ok(await store.lock(user, 10), 'the lock is free again')
  },

  'frees the lock of an owner that has died': async ({ subject: store, passTime }) => {
    if (!store.lock) return
    const user = someUser()
    await store.lock(user, 2)
    equal(await store.lock(user, 2), undefined)
    await passTime(3)
    ok(await store.lock(user, 2))
  },

  'does not let a late owner free the lock of the next one': async ({
    subject: store,
    passTime,
  }) => {
    if (!store.lock) return
    const user = someUser()
    const late = await store.lock(user, 2)
    await passTime(3)
    ok(await store.lock(user, 10))
    await late?.release()
    equal(await store.lock(user, 10), undefined)
  },

  'writes and clears whether or not somebody has the lock': async ({ subject: store }) => {
    if (!store.lock) return
    const user = someUser()
    await store.lock(user, 10)
    await store.storeToken(user, { accessToken: 'first' })
    equal((await read(store, user)).token.accessToken, 'first')
    equal(await store.clearToken(user), true)
  },
}

/** Names a session that nobody else has. */
export function someUser(): UserKey {
  return { subject: `user ${randomUUID()}`, sessionId: randomUUID() }
}

/** Reads a token that has to be there. */
export async function read(store: UserTokenStore, user: UserKey): Promise<StoredUserToken> {
  const stored = await store.getToken(user)
  ok(stored, 'the store has lost a token')
  return stored
}
