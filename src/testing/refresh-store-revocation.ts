import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import type { RefreshStore } from '../issuer/refresh-store.js'
import type { Proofs } from './contract.js'
import { newSuccessor, random, read, start } from './refresh-store-sample.js'

/** What a store must do with sessions that end. */
export const revocationProofs: Proofs<RefreshStore> = {
  'revokes a session once and keeps the instant': async ({ subject: store, passTime }) => {
    const { family, at, token } = await start(store)
    equal(await store.revokeFamily(family.id), true)
    const first = await read(store, at(token.hash))
    ok(first.family.revokedAt, 'revokedAt is not set')
    await passTime(1)
    equal(await store.revokeFamily(family.id), false)
    deepEqual((await read(store, at(token.hash))).family.revokedAt, first.family.revokedAt)
    equal(await store.revokeFamily(random(16)), false)
  },

  'keeps revoked and rotated apart': async ({ subject: store }) => {
    const { family, at, token } = await start(store)
    const next = newSuccessor()
    await store.rotate(at(token.hash), next)
    equal((await read(store, at(token.hash))).family.revokedAt, undefined)
    await store.revokeFamily(family.id)
    equal((await read(store, at(next.hash))).rotatedAt, undefined)
    equal(await store.rotate(at(next.hash), newSuccessor()), false)
  },

  'leaves no live token behind when revocation races rotation': async ({ subject: store }) => {
    const races = Array.from({ length: 16 }, async () => {
      const { family, at, token } = await start(store)
      const next = newSuccessor()
      const [, revoked] = await Promise.all([
        store.rotate(at(token.hash), next),
        store.revokeFamily(family.id),
      ])
      equal(revoked, true)
      equal(await store.rotate(at(token.hash), newSuccessor()), false)
      equal(await store.rotate(at(next.hash), newSuccessor()), false)
    })
    await Promise.all(races)
  },

  'revokes all sessions of a subject but the excepted one': async ({ subject: store }) => {
    const subject = `user ${random(8)}`
    const first = await start(store, { subject })
    const second = await start(store, { subject })
    const mine = await start(store, { subject })
    const stranger = await start(store)
    await store.revokeFamily(first.family.id)
    deepEqual(await store.revokeSubject(subject, mine.family.id), [second.family.id])
    equal(await store.rotate(second.at(second.token.hash), newSuccessor()), false)
    deepEqual(await store.revokeSubject(subject), [mine.family.id])
    equal(await store.rotate(mine.at(mine.token.hash), newSuccessor()), false)
    deepEqual(await store.revokeSubject(subject), [])
    equal(await store.rotate(stranger.at(stranger.token.hash), newSuccessor()), true)
  },

  'lists live sessions, oldest first': async ({ subject: store, passTime }) => {
    const subject = `user ${random(8)}`
    const idle = await start(store, { subject })
    // The clocks of some engines show nothing shorter than a millisecond.
    await passTime(0.01)
    const used = await start(store, { subject, meta: { device: 'phone' } })
    await passTime(3.98)
    await store.rotate(used.at(used.token.hash), newSuccessor())
    const fresh = await start(store, { subject })
    await passTime(0.01)
    const gone = await start(store, { subject })
    await store.revokeFamily(gone.family.id)
    const ids = async () => (await store.list(subject)).map(({ id }) => id)
    deepEqual(await ids(), [idle.family.id, used.family.id, fresh.family.id])
    await passTime(2)
    deepEqual(await ids(), [used.family.id, fresh.family.id])
    const [session] = await store.list(subject)
    deepEqual(session?.meta, { device: 'phone' })
    notEqual(session?.lastUsedAt.getTime(), session?.createdAt.getTime())
    await passTime(3)
    deepEqual(await ids(), [])
    deepEqual(await store.list(`nobody ${random(8)}`), [])
  },

  'prunes what is over and still recognises reuse': async ({ subject: store, passTime }) => {
    const short = await start(store, { lifetime: 2 })
    const { at, token } = await start(store)
    const next = newSuccessor()
    await store.rotate(at(token.hash), next)
    await store.prune(60)
    equal((await read(store, at(token.hash))).sealedSuccessor, next.sealed)
    await passTime(3)
    await store.prune(1)
    equal(await store.find(short.at(short.token.hash)), undefined)
    const { rotatedAt, sealedSuccessor } = await read(store, at(token.hash))
    ok(rotatedAt, 'a rotated token was forgotten before its time')
    equal(sealedSuccessor, undefined)
    equal(await store.rotate(at(next.hash), newSuccessor()), true)
  },
}
