import { PGlite } from '@electric-sql/pglite'
import express from 'express'
import { authorize, jwtBearer } from 'express-jwt-bearer'
import {
  createMemoryRefreshStore,
  type IssuedTokens,
  type TokenIssuer,
} from 'express-jwt-bearer/issuer'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { protect } from '../../support/guide-app.js'
import { runSnippet } from '../../support/run-snippet.js'
import { useSnippets } from '../../support/use-snippets.js'

describe('the snippets of examples/accounts/README.md', () => {
  const take = useSnippets('examples/accounts/README.md')

  test('issue tokens, renew them and take them back', async () => {
    const app = express()
    const checkPassword = ({ password }: { password: string }) =>
      Promise.resolve(password === 'right' ? { id: 'alice', roles: ['Admin'] } : undefined)
    await runSnippet(take('Issuing tokens'), { app, checkPassword })
    app.get('/me', authorize({ roles: 'Admin' }), (req, res) => void res.json(req.user?.subject))
    const post = (path: string, body: object) => request(app).post(path).send(body)
    const me = async ({ accessToken }: IssuedTokens) =>
      (await request(app).get('/me').auth(accessToken, { type: 'bearer' })).status
    const login = async () =>
      (await post('/login', { password: 'right' }).expect(200)).body as IssuedTokens

    await post('/login', { password: 'wrong' }).expect(400)
    const { refreshToken } = await login()
    const next = (await post('/refresh', { refreshToken }).expect(200)).body as IssuedTokens
    expect(await me(next)).toBe(200)
    await post('/logout', next).expect(204)
    await post('/refresh', next).expect(400, { error: 'invalid_grant' })
    const others = [await login(), await login()]
    const [mine] = others
    await post('/logout-everywhere', {}).auth(String(mine?.accessToken), { type: 'bearer' })
    expect(await Promise.all([next, ...others].map(me))).toEqual([401, 401, 401])
  })

  test('keep sessions and keys in PostgreSQL and ask Redis for revoked tokens', async () => {
    const database = new PGlite()
    const Pool = function () {
      return Object.assign(database, { on: () => undefined })
    }
    const asked: string[] = []
    const evalSha = (_sha: string, { keys }: { keys: string[] }) => {
      asked.push(...keys)
      return Promise.resolve(null)
    }
    const client = { on: () => undefined, connect: () => Promise.resolve(), eval: evalSha, evalSha }
    const modules = { pg: { Pool }, redis: { createClient: () => client } }
    const { values } = await runSnippet(take('Stores'), {}, modules, ['issuer'])
    const { issuer: durable } = values as { issuer: TokenIssuer }
    const { accessToken, refreshToken } = await durable.issue('alice')
    const app = express()
    app.use(jwtBearer(durable.bearerOptions()))
    expect(await protect(app)(accessToken)).toBe(200)
    expect(asked.filter((key) => key.startsWith('bearer:denied:'))).toHaveLength(3)
    expect(await durable.refresh(refreshToken)).toMatchObject({ kind: 'success' })
    const { rows } = await database.query('SELECT subject FROM bearer_sessions')
    expect(rows).toEqual([{ subject: 'alice' }])
    await database.close()
  }, 60_000)

  test('prove a store, and see through a wrong one', async () => {
    const failures = async (createMyStore: typeof createMemoryRefreshStore) => {
      const cases: (() => Promise<void>)[] = []
      const vitest = { test: (_name: string, run: () => Promise<void>) => cases.push(run) }
      await runSnippet(take('Stores', 1), {}, { vitest, './my-store.js': { createMyStore } })
      expect(cases.length).toBeGreaterThan(10)
      let failed = 0
      for (const run of cases) await run().catch(() => failed++)
      return failed
    }
    expect(await failures(createMemoryRefreshStore)).toBe(0)
    const forgetful: typeof createMemoryRefreshStore = (given) => ({
      ...createMemoryRefreshStore(given),
      rotate: () => Promise.resolve(true),
    })
    expect(await failures(forgetful)).toBeGreaterThan(0)
  })
})
