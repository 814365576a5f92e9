import { Redis } from 'ioredis'
import pg from 'pg'
import { createClient } from 'redis'
import request from 'supertest'
import { createPostgresSessionStore, createSchema } from 'express-jwt-bearer/postgres'
import { createRedisSessionStore } from 'express-jwt-bearer/redis'
import type { SessionStore } from 'express-jwt-bearer/session'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { get, strictIssuer } from '../support/expiring-session.js'
import { startFlakyProxy } from '../support/flaky-proxy.js'
import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'
import { cookieOf, sessionApp, setCookies, signIn } from '../support/session-app.js'

const postgres = await startPostgres()
const redis = await startRedis()
const closing: (() => unknown)[] = []

afterAll(async () => {
  for (const close of closing) close()
  await postgres.stop()
  await redis.stop()
})

async function ioredis(port: number): Promise<SessionStore> {
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50 })
  client.on('error', () => undefined)
  closing.push(() => {
    client.disconnect()
  })
  await client.ping()
  return createRedisSessionStore(client)
}

async function nodeRedis(port: number): Promise<SessionStore> {
  const socket = { host: '127.0.0.1', port, reconnectStrategy: () => 50 }
  const client = createClient({ socket, disableOfflineQueue: true })
  client.on('error', () => undefined)
  closing.push(() => {
    client.destroy()
  })
  await client.connect()
  return createRedisSessionStore(client)
}

async function postgresStore(port: number): Promise<SessionStore> {
  const url = new URL(postgres.url)
  url.port = String(port)
  const pool = new pg.Pool({ connectionString: url.href })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
  })
  closing.push(() => void pool.end().catch(() => undefined))
  await pool.query('SELECT 1')
  return createPostgresSessionStore(pool)
}

beforeAll(async () => {
  const pool = new pg.Pool({ connectionString: postgres.url })
  await createSchema(pool)
  await pool.end()
})

describe.concurrent.each([
  ['Redis by ioredis', () => redis.port, ioredis],
  ['Redis by node-redis', () => redis.port, nodeRedis],
  ['PostgreSQL', () => postgres.port, postgresStore],
])('sessions in %s', { timeout: 60_000 }, (_name, portOf, open) => {
  async function start() {
    const proxy = await startFlakyProxy(portOf())
    closing.push(proxy.stop)
    let now = Date.now()
    const { refresh } = strictIssuer()
    const logout = vi.fn(() => Promise.resolve())
    const options = { login: () => signIn(), clock: () => now, refresh, logout }
    const { app } = sessionApp({ ...options, store: await open(proxy.port) })
    // Another process, whose line never breaks.
    const other = sessionApp({ ...options, store: await open(portOf()) }).app
    const cookie = cookieOf(await request(app).post('/tokens/create').expect(200))
    const expire = () => {
      now += 600_000
    }
    return { app, other, cookie, proxy, refresh, logout, expire }
  }
  const again = (work: () => Promise<unknown>) =>
    vi.waitFor(work, { timeout: 15_000, interval: 50 })

  test.each(['hold', 'cut'] as const)(
    'are not readable while the line is in state "%s", and nobody is signed out',
    async (line) => {
      const { app, cookie, proxy } = await start()
      proxy.set(line)
      const before = performance.now()
      const [api, page, state, out] = await Promise.all([
        get(app, cookie).then((response) => response),
        get(app, cookie, '/public').then((response) => response),
        get(app, cookie, '/page').then((response) => response),
        request(app)
          .post('/tokens/logout')
          .set('Cookie', cookie)
          .then((response) => response),
      ])
      expect(performance.now() - before).toBeLessThan(8_000)
      expect([api, page, state, out].map(({ status }) => status)).toEqual([503, 200, 200, 503])
      expect(state.body).toEqual({ version: 1, claims: {} })
      expect([api, page, state, out].flatMap(setCookies)).toEqual([])
      proxy.set('open')
      // An attempt that was still on its way may have ended the session: it was asked to.
      await again(async () => {
        const { status } = await get(app, cookie)
        expect([200, 401]).toContain(status)
      })
      await again(async () => {
        await request(app).post('/tokens/logout').set('Cookie', cookie).expect(204)
      })
      await get(app, cookie).expect(401)
    },
  )

  test.each(['hold', 'cut', 'deaf'] as const)(
    'keep what a refresh brought when the line goes into state "%s" before it is written',
    async (line) => {
      const { app, other, cookie, proxy, refresh, expire } = await start()
      expire()
      const real = refresh.getMockImplementation() as (token: string) => Promise<never>
      refresh.mockImplementationOnce(async (token) => {
        const answer = await real(token)
        proxy.set(line)
        return answer
      })
      // With the new token, although it could not be written.
      await get(app, cookie).expect(200)
      proxy.set('open')
      await again(async () => {
        await get(app, cookie).expect(200)
      })
      await again(async () => {
        await get(other, cookie).expect(200)
      })
      expect(refresh).toHaveBeenCalledOnce()
      expire()
      await Promise.all([get(app, cookie).expect(200), get(other, cookie).expect(200)])
      expect(refresh.mock.calls.map(([token]) => token)).toEqual(['refresh-0', 'refresh-1'])
    },
  )

  test('are signed out at one process while another one refreshes: nothing stays usable', async () => {
    for (let round = 0; round < 10; round++) {
      const { app, other, cookie, refresh, logout, expire } = await start()
      expire()
      const asked = get(app, cookie).then(({ status }) => status)
      await new Promise((resolve) => setTimeout(resolve, round))
      await request(other).post('/tokens/logout').set('Cookie', cookie).expect(204)
      await asked
      await get(app, cookie).expect(401)
      const last = `refresh-${String(refresh.mock.calls.length)}`
      await again(() => {
        const revoked = logout.mock.calls.map(
          (call: unknown[]) => (call[0] as { refreshToken: string }).refreshToken,
        )
        expect(revoked).toContain(last)
        return Promise.resolve()
      })
    }
  })
})
