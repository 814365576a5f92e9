import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { NewRefreshFamily, RefreshRecord, RefreshStore } from '../issuer/refresh-store.js'
import { contractCases, type ContractCase, type OpenSubject } from './contract.js'

const random = (bytes: number) => randomBytes(bytes).toString('base64url')
const newToken = () => ({ hash: random(32), idleLifetime: 5 })
const newSuccessor = () => ({ ...newToken(), sealed: random(80) })

function newFamily(given: Partial<NewRefreshFamily> = {}): NewRefreshFamily {
  const id = random(16)
  return { id, subject: id, clientId: 'app', claims: {}, meta: {}, lifetime: 8, ...given }
}

/** A session with its first token, on the store. */
async function start(store: RefreshStore, given?: Partial<NewRefreshFamily>) {
  const family = newFamily(given)
  const token = newToken()
  await store.create(family, token)
  return { family, at: (hash: string) => ({ familyId: family.id, hash }), token }
}

async function read(
  store: RefreshStore,
  reference: { familyId: string; hash: string },
): Promise<RefreshRecord> {
  const record = await store.find(reference)
  ok(record, 'find() does not find a token that was written')
  return record
}

const seconds = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 1000

/**
 * Lists what every {@link RefreshStore} must do, as cases for any test runner.
 *
 * @param open - Opens the store for one case.
 *
 * @example With Vitest or node:test
 * ```ts
 * let now = Date.now()
 * const cases = refreshStoreContract(() => ({
 *   subject: createMemoryRefreshStore({ clock: () => now }),
 *   passTime: (seconds) => void (now += seconds * 1000),
 * }))
 * for (const { name, run } of cases) test(name, run)
 * ```
 */
export function refreshStoreContract(open: OpenSubject<RefreshStore>): readonly ContractCase[] {
  return contractCases(open, {
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
      const used = await start(store, { subject, meta: { device: 'phone' } })
      await passTime(4)
      await store.rotate(used.at(used.token.hash), newSuccessor())
      const fresh = await start(store, { subject })
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
  })
}
