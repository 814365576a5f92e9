import {
  createPostgresDenyList,
  createPostgresKeyRingStore,
  createPostgresRefreshStore,
  createPostgresSessionStore,
  createPostgresUserTokenStore,
  createSchema,
} from 'express-jwt-bearer/postgres'
import { createTokenIssuer, createKeyRing } from 'express-jwt-bearer/issuer'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { startPostgres } from '../support/postgres.js'

const engine = await startPostgres()
afterAll(() => engine.stop())

const eight = <T>(work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 8 }, (_, index) => work(index)))

describe.each(['read committed', 'repeatable read', 'serializable'])(
  'eight writers at once under "%s"',
  (level) => {
    const setting = level.replaceAll(' ', '\\ ')
    const pool = new pg.Pool({
      connectionString: engine.url,
      options: `-c default_transaction_isolation=${setting}`,
      max: 20,
    })
    afterAll(() => pool.end())
    const name = level.replaceAll(' ', '-')

    test('create the schema, and sign in through one key ring', async () => {
      await eight(() => createSchema(pool))
      const { rows } = await pool.query('SHOW transaction_isolation')
      expect(rows).toEqual([{ transaction_isolation: level }])
      const issuers = Array.from({ length: 8 }, () =>
        createTokenIssuer({
          issuer: 'https://issuer.test',
          audience: 'api://orders',
          store: createPostgresRefreshStore(pool),
          denyList: createPostgresDenyList(pool),
          keys: createKeyRing({ store: createPostgresKeyRingStore(pool, { name }) }),
          maxSessions: 3,
        }),
      )
      const subject = `alice ${name}`
      const tokens = (
        await eight(async (index) => {
          const issuer = issuers[index] as (typeof issuers)[0]
          return [await issuer.issue(subject), await issuer.issue(subject)]
        })
      ).flat()
      const [issuer] = issuers as [(typeof issuers)[0]]
      expect((await issuer.jwks()).keys).toHaveLength(1)
      expect(await issuer.sessions(subject)).toHaveLength(3)
      const results = await Promise.all(
        tokens.map(({ refreshToken }) => issuer.refresh(refreshToken)),
      )
      expect(results.filter(({ kind }) => kind === 'success')).toHaveLength(3)
      await eight(() => issuer.revokeSubject(subject))
      expect(await issuer.sessions(subject)).toEqual([])
    })

    test('rotate one token, and get one successor', async () => {
      const issuer = createTokenIssuer({
        issuer: 'https://issuer.test',
        audience: 'api://orders',
        store: createPostgresRefreshStore(pool),
      })
      for (let round = 0; round < 5; round++) {
        const { refreshToken } = await issuer.issue(`bob ${name}`)
        const results = await eight(() => issuer.refresh(refreshToken))
        const successors = results.map((result) =>
          result.kind === 'success' ? result.tokens.refreshToken : result.reason,
        )
        expect(new Set(successors).size).toBe(1)
        expect(results[0]?.kind).toBe('success')
      }
    })

    test('write to the deny list, to sessions and to user tokens', async () => {
      const list = createPostgresDenyList(pool)
      await eight(() => list.deny({ kind: 'jti', id: name, lifetime: 60 }))
      expect(await list.isDenied({ jti: name })).toBe(true)

      const sessions = createPostgresSessionStore(pool)
      const record = (version: string) => ({
        version,
        expiresAt: new Date(Date.now() + 60_000),
        openedAt: new Date(0),
        sub: name,
        data: version,
      })
      await eight(() => sessions.set(name, record('first')))
      const replaced = await eight((index) =>
        sessions.replace(name, 'first', record(`writer ${index}`)),
      )
      expect(replaced.filter(Boolean)).toHaveLength(1)
      const ends = await eight(() => sessions.endBySub(name, new Date()))
      expect(ends.reduce((sum, count) => sum + count)).toBe(1)
      await eight(() => sessions.delete(name))

      const tokens = createPostgresUserTokenStore(pool)
      const user = { subject: name, sessionId: 's' }
      const versions = await eight((index) =>
        tokens.storeToken(user, { accessToken: `writer ${index}` }),
      )
      const stored = await tokens.getToken(user)
      expect(versions).toContain(stored?.version)
      const ifVersion = stored?.version
      const won = await eight(() => tokens.storeToken(user, { accessToken: 'a' }, { ifVersion }))
      expect(won.filter(Boolean)).toHaveLength(1)
      const locks = await eight(async () => tokens.lock?.(user, 10))
      expect(locks.filter(Boolean)).toHaveLength(1)
      expect(await eight(() => tokens.clearToken(user))).toEqual(Array(8).fill(true))
      await Promise.all([eight(() => list.prune()), eight(() => tokens.prune())])
    })
  },
)
