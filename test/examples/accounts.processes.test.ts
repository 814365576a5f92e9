import { setTimeout as wait } from 'node:timers/promises'
import { jwtBearer } from 'express-jwt-bearer'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAccounts, type Accounts, type Tokens } from '../support/accounts.js'
import type { Engine } from '../support/engine.js'
import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'

const password = 'correct horse battery staple'
const credentials = { email: 'user@example.com', password }
const issuer = 'http://accounts.test'
let postgres: Engine
let redis: Engine
let processes: Accounts[]

const start = (more: NodeJS.ProcessEnv = {}) =>
  startAccounts({
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    SEED_PASSWORD: password,
    JWT_ISSUER: issuer,
    ...more,
  })

beforeAll(async () => {
  ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  processes = await Promise.all([start(), start(), start()])
}, 120_000)

afterAll(async () => {
  await Promise.all(processes.map((one) => one.stop('SIGKILL')))
  await Promise.all([postgres.stop(), redis.stop()])
})

const any = (index: number) => processes[index % processes.length] as Accounts
const login = async () => (await any(0).post('/account/login', credentials)).body
const refresh = (index: number, { refreshToken }: Tokens) =>
  any(index).post('/account/refresh', { refreshToken })
const meOn = async (index: number, { accessToken }: Tokens) =>
  (await any(index).get('/account/me', accessToken)).status

describe('several processes of the accounts example on PostgreSQL and Redis', () => {
  test('seed each user once although they start together', async () => {
    const lines = processes.flatMap((one) => one.output().match(/Seeded \S+/g) ?? [])
    expect(lines.sort()).toEqual(['Seeded admin@example.com', 'Seeded user@example.com'])
    expect((await login()).tokenType).toBe('Bearer')
  })

  test('accept the tokens of one another', async () => {
    const tokens = await login()
    expect(await Promise.all([0, 1, 2].map((index) => meOn(index, tokens)))).toEqual([
      200, 200, 200,
    ])
  })

  test('give 64 parallel presenters of one token the same successor', async () => {
    const tokens = await login()
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, index) => refresh(index, tokens)),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200))
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1)
    expect((await refresh(1, (answers[0] as (typeof answers)[0]).body)).status).toBe(200)
  })

  test('sign out everywhere, on every process at once', async () => {
    const tokens = await login()
    await any(0).post('/account/logout-everywhere', undefined, tokens.accessToken)
    expect(await Promise.all([0, 1, 2].map((index) => meOn(index, tokens)))).toEqual([
      401, 401, 401,
    ])
    expect((await refresh(1, tokens)).status).toBe(400)
  })

  test('leave every session usable or refused, never forked, when one of them is killed', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, login))
    const victim = any(2)
    const attempts = Promise.allSettled(sessions.map((tokens) => refresh(2, tokens)))
    const killed = new Promise((resolve) => setTimeout(resolve, 20)).then(() =>
      victim.stop('SIGKILL'),
    )
    await Promise.all([attempts, killed])
    for (const tokens of sessions) {
      const twins = await Promise.all([refresh(0, tokens), refresh(1, tokens)])
      expect(twins.map(({ status }) => status)).toEqual([200, 200])
      expect(twins[0]?.body.refreshToken).toBe(twins[1]?.body.refreshToken)
    }
    processes[2] = await start()
    expect(await meOn(2, await login())).toBe(200)
  }, 60_000)

  test('keep no token in the database', async () => {
    const tokens = await login()
    const { body } = await refresh(0, tokens)
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    const tables = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    )
    let dump = ''
    for (const { name } of tables.rows) {
      dump += JSON.stringify((await client.query(`SELECT * FROM "${name}"`)).rows)
    }
    await client.end()
    expect(dump).toContain('user@example.com')
    for (const { accessToken, refreshToken } of [tokens, body]) {
      expect(dump).not.toContain(refreshToken.split('.')[1])
      expect(dump).not.toContain(accessToken)
    }
  })

  test('survive a crash of PostgreSQL under load, and lose no session', async () => {
    const refused: unknown[] = []
    const outages = new Set<number>()
    let rotations = 0
    let isOver = false

    // A client that tries again with the token it holds when it gets no answer.
    async function client(index: number) {
      let tokens = await login()
      while (!isOver) {
        const { status, body } = await refresh(index, tokens)
        if (status === 200) {
          tokens = body
          rotations++
        } else if (status >= 500) {
          outages.add(status)
          await wait(50)
        } else {
          refused.push(body)
          return
        }
      }
    }

    const clients = Promise.all(Array.from({ length: 12 }, (_, index) => client(index)))
    await expect.poll(() => rotations, { timeout: 20_000 }).toBeGreaterThan(50)
    await postgres.kill()
    await expect.poll(() => outages.size, { timeout: 20_000 }).toBeGreaterThan(0)
    await postgres.restart()
    const before = rotations
    await expect.poll(() => rotations, { timeout: 20_000 }).toBeGreaterThan(before + 50)
    isOver = true
    await clients
    expect(refused).toEqual([])
    expect([...outages]).toEqual([503])
  }, 60_000)

  test('are trusted by URL while their keys rotate', async () => {
    const keys = { JWT_KEY_ANNOUNCE: '1', JWT_KEY_SIGN: '2', JWT_KEY_RETAIN: '2' }
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query('CREATE DATABASE rotating')
    await client.end()
    const database = new URL(postgres.url)
    database.pathname = 'rotating'
    const rotating = await start({ ...keys, DATABASE_URL: database.href, JWT_ISSUER: '' })
    const bearer = jwtBearer({
      authority: rotating.url,
      audience: 'api://accounts',
      requireHttpsMetadata: false,
      refreshInterval: 1,
      automaticRefreshInterval: 0.5,
    })
    const kids = new Set<string>()
    const results: string[] = []
    await expect
      .poll(
        async () => {
          const { accessToken } = (await rotating.post('/account/login', credentials)).body
          const headers = { authorization: `Bearer ${accessToken}` }
          results.push((await bearer.authenticate({ headers })).kind)
          kids.add(accessToken.split('.')[0] ?? '')
          return kids.size
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(4)
    expect(new Set(results)).toEqual(new Set(['success']))
    await rotating.stop()
  }, 60_000)

  test('check tokens without delay while a storm of sign-ins goes on', async () => {
    const tokens = await login()
    const calm = await times(100, () => meOn(0, tokens))
    let isOver = false
    const storm = Promise.all(
      Array.from({ length: 64 }, async () => {
        const took: number[] = []
        while (!isOver) took.push(...(await times(1, login)))
        return took
      }),
    )
    await wait(300)
    const stormy = await times(100, () => meOn(0, tokens))
    isOver = true
    const logins = (await storm).flat()
    const rows = { 'check, calm': calm, 'check, storm': stormy, 'sign-in, storm': logins }
    console.table(
      Object.entries(rows).map(([what, took]) => ({
        what,
        count: took.length,
        'p50 ms': Math.round(quantile(took, 0.5)),
        'p99 ms': Math.round(quantile(took, 0.99)),
      })),
    )
    expect(quantile(stormy, 0.99)).toBeLessThan(quantile(logins, 0.5) / 2)
  }, 60_000)

  test('let callers in while Redis is down, and have their answers ready', async () => {
    const tokens = await login()
    await redis.stop()
    expect(await meOn(0, tokens)).toBe(200)
    expect(any(0).output()).toContain('denyListUnavailable')
  })

  test('end on SIGTERM, with Redis down as well', async () => {
    expect(await any(0).stop('SIGTERM')).toBe(0)
  })
})

/** How long each of several runs took, one after the other, in milliseconds. */
async function times(count: number, run: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  for (let index = 0; index < count; index++) {
    const start = performance.now()
    await run()
    took.push(performance.now() - start)
  }
  return took
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN
}
