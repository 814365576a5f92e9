import { deepEqual, equal, ok } from 'node:assert/strict'
import type { RefreshStore } from '../issuer/refresh-store.js'
import type { Proofs } from './contract.js'
import { newSuccessor, random, read, seconds, start } from './refresh-store-sample.js'

/** What a store must do with tokens. */
export const rotationProofs: Proofs<RefreshStore> = {
  'returns a new session as it was given, current and unrevoked': async ({ subject: store }) => {
    const subject = `O'Brien "x" \u{1F600} ${random(8)}`
    const claims = { roles: ['Admin', "a'b"], nested: { n: 1, none: null, text: '\u2028"' } }
    const meta = { device: 'Ärger; DROP TABLE' }
    const { family, at, token } = await start(store, { subject, claims, meta })
    const record = await read(store, at(token.hash))
    const { id, clientId } = record.family
    deepEqual([id, clientId, record.family.subject], [family.id, 'app', subject])
    deepEqual(record.family.claims, claims)
    deepEqual(record.family.meta, meta)
    equal(record.family.revokedAt, undefined)
    equal(record.rotatedAt, undefined)
    equal(record.sealedSuccessor, undefined)
    equal(record.successorUsed, false)
  },

  'counts lifetimes from its own clock': async ({ subject: store }) => {
    const { at, token } = await start(store)
    const { family, idleExpiresAt, now } = await read(store, at(token.hash))
    equal(seconds(family.createdAt, family.expiresAt), 8)
    ok(Math.abs(seconds(family.createdAt, idleExpiresAt) - 5) < 0.1, 'idleExpiresAt is off')
    equal(family.lastUsedAt.getTime(), family.createdAt.getTime())
    ok(seconds(family.createdAt, now) >= 0 && seconds(family.createdAt, now) < 5, 'now is off')
  },

  'finds neither unknown tokens nor tokens of another session': async ({ subject: store }) => {
    const { at, token } = await start(store)
    const other = await start(store)
    equal(await store.find(at(random(32))), undefined)
    equal(await store.find({ familyId: random(16), hash: token.hash }), undefined)
    equal(await store.find(other.at(token.hash)), undefined)
  },

  'rotates the current token into its successor': async ({ subject: store, passTime }) => {
    const { at, token } = await start(store)
    const before = await read(store, at(token.hash))
    await passTime(1)
    const next = newSuccessor()
    equal(await store.rotate(at(token.hash), next), true)
    const old = await read(store, at(token.hash))
    ok(old.rotatedAt && seconds(before.now, old.rotatedAt) > 0, 'rotatedAt is not now')
    equal(old.sealedSuccessor, next.sealed)
    equal(old.successorUsed, false)
    const fresh = await read(store, at(next.hash))
    equal(fresh.rotatedAt, undefined)
    equal(fresh.sealedSuccessor, undefined)
    ok(fresh.idleExpiresAt > old.idleExpiresAt, 'the successor got no idle time of its own')
    ok(fresh.family.lastUsedAt > before.family.lastUsedAt, 'lastUsedAt did not move')
    deepEqual(fresh.family.expiresAt, before.family.expiresAt)
  },

  'rotates a token once, and a second try changes nothing': async ({
    subject: store,
    passTime,
  }) => {
    const { at, token } = await start(store)
    await store.rotate(at(token.hash), newSuccessor())
    const first = await read(store, at(token.hash))
    await passTime(1)
    const late = newSuccessor()
    equal(await store.rotate(at(token.hash), late), false)
    const second = await read(store, at(token.hash))
    deepEqual(second.rotatedAt, first.rotatedAt)
    equal(second.sealedSuccessor, first.sealedSuccessor)
    deepEqual(second.family, first.family)
    equal(await store.find(at(late.hash)), undefined)
  },

  'lets one of 64 concurrent rotations win': async ({ subject: store }) => {
    const { at, token } = await start(store)
    const rivals = Array.from({ length: 64 }, newSuccessor)
    const won = await Promise.all(rivals.map((rival) => store.rotate(at(token.hash), rival)))
    equal(won.filter(Boolean).length, 1)
    const written = await Promise.all(rivals.map(({ hash }) => store.find(at(hash))))
    deepEqual(
      written.map((record) => record !== undefined),
      won,
    )
    const { sealedSuccessor } = await read(store, at(token.hash))
    equal(sealedSuccessor, rivals[won.indexOf(true)]?.sealed)
  },

  'tells when a successor has been used': async ({ subject: store }) => {
    const { at, token } = await start(store)
    const next = newSuccessor()
    await store.rotate(at(token.hash), next)
    await store.rotate(at(next.hash), newSuccessor())
    equal((await read(store, at(token.hash))).successorUsed, true)
    equal((await read(store, at(next.hash))).successorUsed, false)
  },

  'does not rotate what it does not know': async ({ subject: store }) => {
    const { at } = await start(store)
    const next = newSuccessor()
    equal(await store.rotate(at(random(32)), next), false)
    equal(await store.rotate({ familyId: random(16), hash: random(32) }, next), false)
    equal(await store.find(at(next.hash)), undefined)
  },

  'does not rotate a token after its idle time': async ({ subject: store, passTime }) => {
    const { at, token } = await start(store)
    await passTime(6)
    equal(await store.rotate(at(token.hash), newSuccessor()), false)
  },

  'ends a session at its absolute lifetime, however often it rotated': async ({
    subject: store,
    passTime,
  }) => {
    const { at, token } = await start(store)
    const { family } = await read(store, at(token.hash))
    const second = newSuccessor()
    const third = newSuccessor()
    await passTime(4)
    equal(await store.rotate(at(token.hash), second), true)
    deepEqual((await read(store, at(second.hash))).idleExpiresAt, family.expiresAt)
    await passTime(1)
    equal(await store.rotate(at(second.hash), third), true)
    deepEqual((await read(store, at(third.hash))).family.expiresAt, family.expiresAt)
    await passTime(4)
    equal(await store.rotate(at(third.hash), newSuccessor()), false)
  },
}
