import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { symmetricKey } from 'express-jwt-bearer'
import { createTokenIssuer } from 'express-jwt-bearer/issuer'
import { createSchema } from 'express-jwt-bearer/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '../support/postgres.js'
import { startRedis } from '../support/redis.js'

const secret = 'a secret of the tests that is long enough'
const lifetime = 2
const script = fileURLToPath(new URL('../support/web-process.ts', import.meta.url))

const postgres = await startPostgres()
const redis = await startRedis()
const pool = new pg.Pool({ connectionString: postgres.url })
await createSchema(pool)

// An issuer that refuses to see a refresh token twice, as the strictest do.
const calls: string[] = []
const issuer = createTokenIssuer({
  issuer: 'https://issuer.example',
  audience: 'api',
  keys: symmetricKey(secret),
  accessTokenLifetime: lifetime,
  reuseInterval: 0,
})
const api = express().use(express.json(), (req, _res, next) => {
  calls.push(req.path)
  next()
})
api.post('/create', async (_req, res) => {
  res.json(await issuer.issue('alice'))
})
api.post('/refresh', async (req, res) => {
  const { refreshToken } = req.body as { refreshToken: string }
  const result = await issuer.refresh(refreshToken)
  if (result.kind === 'success') res.json(result.tokens)
  else res.sendStatus(400)
})
api.post('/logout', async (req, res) => {
  await issuer.revoke((req.body as { refreshToken: string }).refreshToken)
  res.json({})
})

let server: Server
const children: ChildProcess[] = []

beforeAll(async () => {
  server = createServer(api).listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  for (const child of children) child.kill()
  server.close()
  await pool.end()
  await postgres.stop()
  await redis.stop()
})

async function startWeb(storeUrl: string): Promise<string> {
  const apiUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const child = fork(script, [storeUrl, apiUrl, secret], { execArgv: ['--import', 'tsx'] })
  children.push(child)
  const [url] = (await once(child, 'message')) as [string]
  return url
}

describe.each([
  ['PostgreSQL', postgres.url],
  ['Redis', redis.url],
])('two web processes that share %s', { timeout: 60_000 }, (_name, storeUrl) => {
  let urls: string[]
  beforeAll(async () => {
    urls = await Promise.all([startWeb(storeUrl), startWeb(storeUrl)])
  }, 30_000)

  async function signIn(url: string): Promise<string> {
    const response = await fetch(`${url}/tokens/create`, { method: 'POST' })
    return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  }
  const pages = (cookie: string, times = 1) =>
    Promise.all(
      urls
        .flatMap((url) => Array.from({ length: times }, () => `${url}/page`))
        .map((page) => fetch(page, { headers: { Cookie: cookie } })),
    )

  test('spend a refresh token once when eight requests come to each at expiry', async () => {
    const cookie = await signIn(urls[0] ?? '')
    for (let round = 0; round < 2; round++) {
      await wait(lifetime * 1000)
      calls.length = 0
      const answers = await pages(cookie, 8)
      expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200))
      expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([])
      expect(calls).toEqual(['/refresh'])
    }
  })

  test('are both told of a sign-out at one of them', async () => {
    const [here = '', there = ''] = urls
    const before = await issuer.sessions('alice')
    const cookie = await signIn(here)
    expect((await pages(cookie)).map(({ status }) => status)).toEqual([200, 200])
    const headers = { Cookie: cookie }
    const { status } = await fetch(`${there}/tokens/logout`, { method: 'POST', headers })
    expect(status).toBe(204)
    expect((await pages(cookie)).map(({ status }) => status)).toEqual([401, 401])
    expect(await issuer.sessions('alice')).toEqual(before)
  })
})
