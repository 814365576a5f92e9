import { deepEqual, equal } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { EndableSessionStore, SessionRecord, SessionStore } from '../session/session-store.js'
import type { Proofs } from './contract.js'

type Prove = Proofs<SessionStore>[string]

type Ending = (store: EndableSessionStore, name: string, openedBefore: Date) => Promise<number>

const endings: readonly (readonly ['sid' | 'sub', Ending])[] = [
  ['sid', (store, sid, openedBefore) => store.endBySid(sid, openedBefore)],
  ['sub', (store, sub, openedBefore) => store.endBySub(sub, openedBefore)],
]

/** What stores must do that can end sessions from outside. A store without the methods has nothing to prove. */
export const sessionStoreEndings: Proofs<SessionStore> = Object.fromEntries(
  endings.flatMap(([member, end]) => {
    const proofs: Proofs<EndableSessionStore> = {
      [`ends every session of a ${member} and no other`]: async ({ subject: store }) => {
        const [name, other] = [randomUUID(), randomUUID()]
        const named = await open(store, [{ [member]: name }, { [member]: name }])
        const others = await open(store, [{ [member]: other }, {}, { [otherThan(member)]: name }])
        equal(await end(store, name, later), named.length)
        equal((await kept(store, named)).length, 0)
        deepEqual(await kept(store, others), others)
        equal(await end(store, name, later), 0)
      },

      [`ends by ${member} what was opened before, to the millisecond`]: async ({
        subject: store,
      }) => {
        const name = randomUUID()
        const openings = [-1, 0, 1].map((by) => ({
          [member]: name,
          openedAt: new Date(earlier.getTime() + by),
        }))
        const [before, at, after] = await open(store, openings)
        equal(await end(store, name, earlier), 1)
        deepEqual(await kept(store, [before, at, after] as Opened[]), [at, after])
      },

      [`ends by ${member} what was replaced meanwhile, under its new names`]: async ({
        subject: store,
      }) => {
        const [name, renamed] = [randomUUID(), randomUUID()]
        const [same, other] = (await open(store, [{ [member]: name }, { [member]: name }])) as [
          Opened,
          Opened,
        ]
        await store.replace(same.key, same.record.version, someSession({ [member]: name }))
        await store.replace(other.key, other.record.version, someSession({ [member]: renamed }))
        equal(await end(store, name, later), 1)
        equal(await store.get(same.key), undefined)
        equal((await store.get(other.key))?.[member], renamed)
        equal(await end(store, renamed, later), 1)
        equal(await store.get(other.key), undefined)
      },

      [`forgets the ${member} of sessions that were signed out or are over`]: async ({
        subject: store,
        passTime,
      }) => {
        const name = randomUUID()
        const [gone, over, live] = (await open(store, [
          { [member]: name },
          { [member]: name, expiresAt: new Date(Date.now() + 2000) },
          { [member]: name },
        ])) as [Opened, Opened, Opened]
        await store.delete(gone.key)
        await passTime(3)
        equal(await store.get(over.key), undefined)
        equal(await end(store, name, later), 1)
        equal(await store.get(live.key), undefined)
        await store.set(gone.key, someSession({ [member]: name }))
        equal(await end(store, name, later), 1)
      },

      [`does not bring back a session that was ended by its ${member}`]: async ({
        subject: store,
      }) => {
        const name = randomUUID()
        const [one] = (await open(store, [{ [member]: name }])) as [Opened]
        await end(store, name, later)
        equal(await store.replace(one.key, one.record.version, someSession()), false)
        equal(await store.get(one.key), undefined)
      },

      [`ends each session of a ${member} once, however many ask`]: async ({ subject: store }) => {
        const name = randomUUID()
        await open(
          store,
          Array.from({ length: 5 }, () => ({ [member]: name })),
        )
        const counts = await Promise.all(Array.from({ length: 8 }, () => end(store, name, later)))
        equal(
          counts.reduce((total, count) => total + count),
          5,
        )
      },

      [`takes a ${member} that is long`]: async ({ subject: store }) => {
        const name = Array.from({ length: 100 }, () => randomUUID()).join('')
        const [one] = (await open(store, [{ [member]: name }])) as [Opened]
        deepEqual(await store.get(one.key), one.record)
        equal(await end(store, name, later), 1)
      },

      [`takes a ${member} as it is`]: async ({ subject: store }) => {
        const name = `*'"\\%_ {ü}:${randomUUID()}`
        const [one, other] = (await open(store, [
          { [member]: name },
          { [member]: name.toUpperCase() },
        ])) as [Opened, Opened]
        deepEqual(await store.get(one.key), one.record)
        equal(await end(store, '*', later), 0)
        equal(await end(store, name, later), 1)
        deepEqual(await kept(store, [one, other]), [other])
      },
    }
    return Object.entries(proofs).map(([name, prove]): [string, Prove] => [
      name,
      async ({ subject, passTime }) => {
        if (isEndable(subject)) await prove({ subject, passTime })
      },
    ])
  }),
)

function isEndable(store: SessionStore): store is EndableSessionStore {
  return store.endBySid !== undefined && store.endBySub !== undefined
}

interface Opened {
  readonly key: string
  readonly record: SessionRecord
}

const earlier = new Date(Date.now() - 10_000)
const later = new Date(Date.now() + 3_600_000)

function otherThan(member: 'sid' | 'sub'): 'sid' | 'sub' {
  return member === 'sid' ? 'sub' : 'sid'
}

function someSession(more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    version: randomUUID(),
    expiresAt: new Date(Date.now() + 60_000),
    openedAt: earlier,
    data: 'some data',
    ...more,
  }
}

async function open(
  store: SessionStore,
  sessions: readonly Partial<SessionRecord>[],
): Promise<readonly Opened[]> {
  const opened = sessions.map((more) => ({ key: randomUUID(), record: someSession(more) }))
  for (const { key, record } of opened) await store.set(key, record)
  return opened
}

async function kept(store: SessionStore, opened: readonly Opened[]): Promise<readonly Opened[]> {
  const found = await Promise.all(opened.map(({ key }) => store.get(key)))
  return opened.filter((_, index) => found[index] !== undefined)
}
