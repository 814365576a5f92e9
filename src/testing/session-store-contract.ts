import { deepEqual, equal } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { SessionRecord, SessionStore } from '../session/session-store.js'
import { sessionStoreEndings } from './session-store-endings.js'
import { contractCases, type ContractCase, type OpenSubject } from './contract.js'

/**
 * Lists what every {@link SessionStore} must do, as cases for any test runner. What is about ending sessions
 * from outside proves nothing about a store that cannot.
 *
 * @param open - Opens the store for one case, with a clock that shows the real time.
 */
export function sessionStoreContract(open: OpenSubject<SessionStore>): readonly ContractCase[] {
  return contractCases(open, {
    ...sessionStoreEndings,

    'has nothing for a key that nobody set': async ({ subject: store }) => {
      equal(await store.get(randomUUID()), undefined)
    },

    'gives back everything it was given, to the millisecond': async ({ subject: store }) => {
      const key = randomUUID()
      const record = { ...someRecord(), data: '{"token":"\' \\" \\\\ ü \u2028 {x} %s"}' }
      await store.set(key, record)
      deepEqual(await store.get(key), record)
    },

    'keeps sessions apart': async ({ subject: store }) => {
      const [key, other] = [randomUUID(), randomUUID()]
      await store.set(key, { ...someRecord(), data: 'here' })
      await store.set(other, { ...someRecord(), data: 'there' })
      equal((await store.get(key))?.data, 'here')
      equal((await store.get(other))?.data, 'there')
    },

    'holds as much as two large tokens': async ({ subject: store }) => {
      const key = randomUUID()
      const data = 'x'.repeat(40_000)
      await store.set(key, { ...someRecord(), data })
      equal((await store.get(key))?.data, data)
    },

    'replaces the version it was asked for': async ({ subject: store }) => {
      const key = randomUUID()
      const [first, second] = [someRecord(), { ...someRecord(20), data: 'second' }]
      await store.set(key, first)
      equal(await store.replace(key, first.version, second), true)
      deepEqual(await store.get(key), second)
    },

    'does not replace another version': async ({ subject: store }) => {
      const key = randomUUID()
      const [first, second] = [someRecord(), someRecord()]
      await store.set(key, first)
      await store.replace(key, first.version, second)
      equal(await store.replace(key, first.version, someRecord()), false)
      deepEqual(await store.get(key), second)
    },

    'lets one of many writers of the same version win': async ({ subject: store }) => {
      const key = randomUUID()
      const first = someRecord()
      await store.set(key, first)
      const writers = Array.from({ length: 20 }, () => someRecord())
      const won = await Promise.all(
        writers.map((record) => store.replace(key, first.version, record)),
      )
      equal(won.filter(Boolean).length, 1)
      deepEqual(await store.get(key), writers[won.indexOf(true)])
    },

    'does not bring back a session that was signed out': async ({ subject: store }) => {
      const key = randomUUID()
      const record = someRecord()
      await store.set(key, record)
      await store.delete(key)
      equal(await store.replace(key, record.version, someRecord()), false)
      equal(await store.get(key), undefined)
    },

    'forgets a session whatever its version, and no other': async ({ subject: store }) => {
      const [key, other] = [randomUUID(), randomUUID()]
      const kept = someRecord()
      await store.set(key, someRecord())
      await store.set(other, kept)
      await store.delete(key)
      equal(await store.get(key), undefined)
      deepEqual(await store.get(other), kept)
    },

    'forgets the version it was asked for and no other': async ({ subject: store }) => {
      const key = randomUUID()
      const [first, second] = [someRecord(), someRecord()]
      await store.set(key, first)
      await store.replace(key, first.version, second)
      await store.delete(key, first.version)
      deepEqual(await store.get(key), second)
      await store.delete(key, second.version)
      equal(await store.get(key), undefined)
    },

    'forgets what is not there without complaint': async ({ subject: store }) => {
      await store.delete(randomUUID())
      await store.delete(randomUUID(), randomUUID())
    },

    'neither gives nor replaces a session that is over': async ({ subject: store, passTime }) => {
      const key = randomUUID()
      const record = someRecord(2)
      await store.set(key, record)
      await passTime(3)
      equal(await store.get(key), undefined)
      equal(await store.replace(key, record.version, someRecord()), false)
      equal(await store.get(key), undefined)
    },

    'gives a session until it is over': async ({ subject: store, passTime }) => {
      const key = randomUUID()
      await store.set(key, someRecord(10))
      await passTime(3)
      equal((await store.get(key))?.data, 'some data')
    },

    'keeps a session for as long as its latest record says': async ({
      subject: store,
      passTime,
    }) => {
      const key = randomUUID()
      const first = someRecord(5)
      const second = someRecord(60)
      await store.set(key, first)
      await store.replace(key, first.version, second)
      await passTime(6)
      deepEqual(await store.get(key), second)
    },
  })
}

function someRecord(lifetime = 60): SessionRecord {
  const expiresAt = new Date(Date.now() + lifetime * 1000)
  const openedAt = new Date(Date.now() - 5000)
  return { version: randomUUID(), expiresAt, openedAt, data: 'some data' }
}
