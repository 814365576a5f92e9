import { readdirSync, readFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtBearer } from 'express-jwt-bearer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAccounts, type Accounts, type Tokens } from '../support/accounts.js'

const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
const password = 'correct horse battery staple'
const settings = { DATA_FOLDER: folder, SEED_PASSWORD: password }
const problem = 'application/problem+json; charset=utf-8'
let accounts: Accounts
let firstOutput: string
let count = 0

beforeAll(async () => {
  accounts = await startAccounts(settings)
  firstOutput = accounts.output()
}, 60_000)

afterAll(async () => {
  await accounts.stop('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function login(email = 'user@example.com'): Promise<Tokens> {
  const { status, body } = await accounts.post('/account/login', { email, password })
  expect(status).toBe(200)
  return body
}

/** A user of the test's own, so that signing out everywhere disturbs no other. */
async function newcomer(): Promise<{ email: string; tokens: Tokens }> {
  const email = `newcomer-${++count}@example.com`
  await accounts.post('/account/register', { email, password })
  return { email, tokens: await login(email) }
}

const port = () => new URL(accounts.url).port
const refresh = (refreshToken: string) => accounts.post('/account/refresh', { refreshToken })
const me = async ({ accessToken }: Tokens) =>
  (await accounts.get('/account/me', accessToken)).status

describe('the accounts example', () => {
  test('prints the users it makes at its first start, and its address', () => {
    expect(firstOutput).toContain(`Seeded user@example.com with password ${password}`)
    expect(firstOutput).toContain(`Seeded admin@example.com with password ${password}`)
    expect(firstOutput).toContain(`Accounts listen on http://localhost:${port()}`)
  })

  test('registers a user, who can then sign in', async () => {
    const given = {
      firstName: 'Ada',
      lastName: 'Lovelace',
      email: 'Ada@Example.com',
      phoneNumber: '+44 20 7946 0000',
    }
    const { status, body } = await accounts.post('/account/register', { ...given, password })
    expect(status).toBe(201)
    expect(body).toEqual({ id: expect.any(String) as string, ...given, roles: ['User'] })
    const { accessToken } = await login('ADA@EXAMPLE.COM')
    expect((await accounts.get('/account/me', accessToken)).body).toEqual(body)
  })

  test('refuses a second registration whose address differs in case alone', async () => {
    const again = { email: 'USER@example.com', password }
    const { status, type } = await accounts.post('/account/register', again)
    expect([status, type]).toEqual([409, problem])
  })

  test.each([
    ['no body', undefined, ['email', 'password']],
    ['broken JSON', '{"email":', undefined],
    ['a list', [], ['body']],
    ['an address that is none', { email: 'nobody', password }, ['email']],
    ['a short password', { email: 'a@example.com', password: 'short' }, ['password']],
    ['a huge password', { email: 'a@example.com', password: 'a'.repeat(1025) }, ['password']],
    ['a NUL', { email: 'a@example.com', password, firstName: 'a\0' }, ['firstName']],
    ['half a character', { email: 'a@example.com', password, lastName: '\ud800' }, ['lastName']],
    ['objects for texts', { email: {}, password: {} }, ['email', 'password']],
  ])('answers a registration with %s as a problem', async (_case, given, fields) => {
    const { status, type, body } = await accounts.post<{
      status: number
      errors?: Record<string, string[]>
    }>('/account/register', given)
    expect([status, type, body.status]).toEqual([400, problem, 400])
    if (fields) expect(Object.keys(body.errors ?? {})).toEqual(fields)
  })

  test('registers a user who leaves out what may be left out', async () => {
    const given = { firstName: null, lastName: null, phoneNumber: null, email: 'short@example.com' }
    const { status, body } = await accounts.post('/account/register', { ...given, password })
    expect([status, body]).toEqual([201, expect.objectContaining(given)])
  })

  test('gives nobody the roles they ask for', async () => {
    const greedy = { email: 'greedy@example.com', password, roles: ['Admin'], Roles: ['Admin'] }
    expect((await accounts.post('/account/register', greedy)).body).toMatchObject({
      roles: ['User'],
    })
  })

  test('answers an address that no user can have as a problem', async () => {
    const { status, type } = await accounts.post('/account/login', { email: 'a\0b', password })
    expect([status, type]).toEqual([400, problem])
  })

  test('answers a wrong password and an unknown user alike', async () => {
    const answers = await Promise.all(
      ['user@example.com', 'nobody@example.com'].map((email) =>
        accounts.post('/account/login', { email, password: 'wrong password' }),
      ),
    )
    for (const { status, type, body } of answers) {
      expect([status, type]).toEqual([400, problem])
      expect(body).toEqual(answers[0]?.body)
    }
  })

  test('signs in with the members that the tutorial has', async () => {
    const tokens = await login()
    expect(tokens).toEqual({
      accessToken: expect.any(String) as string,
      tokenType: 'Bearer',
      expiresIn: expect.any(Number) as number,
      refreshToken: expect.any(String) as string,
    })
    expect(tokens.expiresIn).toBeGreaterThanOrEqual(569)
  })

  test('exchanges a refresh token once, and gives parallel callers the same successor', async () => {
    const { tokens } = await newcomer()
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => refresh(tokens.refreshToken)),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200))
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1)
    const next = await refresh(String(answers[0]?.body.refreshToken))
    expect(next.status).toBe(200)
    const late = await refresh(tokens.refreshToken)
    expect([late.status, late.type]).toEqual([400, problem])
    expect(late.body).toMatchObject({ error: 'invalid_grant' })
  })

  test.each([
    ['unknown'],
    [''],
    ['a'.repeat(2000)],
    ['a.b.c'],
    [`${'a'.repeat(22)}.${'b'.repeat(43)}`],
  ])('refuses the refresh token %s as invalid_grant', async (token) => {
    const { status, type, body } = await refresh(token)
    expect([status, type]).toEqual([400, problem])
    expect(body).toMatchObject({ status: 400, error: 'invalid_grant' })
  })

  test('signs one session out, at once', async () => {
    const { email, tokens } = await newcomer()
    const other = await login(email)
    const { status } = await accounts.post('/account/logout', { refreshToken: tokens.refreshToken })
    expect(status).toBe(204)
    expect(await me(tokens)).toBe(401)
    expect((await refresh(tokens.refreshToken)).status).toBe(400)
    expect(await me(other)).toBe(200)
    expect((await accounts.post('/account/logout', { refreshToken: 'unknown' })).status).toBe(204)
  })

  test('signs out everywhere, at once, and lets the user back in', async () => {
    const { email, tokens } = await newcomer()
    const other = await login(email)
    const { status } = await accounts.post(
      '/account/logout-everywhere',
      undefined,
      tokens.accessToken,
    )
    expect(status).toBe(204)
    expect([await me(tokens), await me(other)]).toEqual([401, 401])
    expect((await refresh(other.refreshToken)).status).toBe(400)
    expect(await me(await login(email))).toBe(200)
  })

  test('lists the sessions of the caller and marks the one in use', async () => {
    const { email } = await newcomer()
    const { accessToken } = await login(email)
    const { status, body } = await accounts.get<Record<string, unknown>[]>(
      '/account/sessions',
      accessToken,
    )
    expect(status).toBe(200)
    expect(body.map(({ current }) => current)).toEqual([false, true])
    expect(Object.keys(body[0] ?? {})).toEqual([
      'id',
      'createdAt',
      'lastUsedAt',
      'expiresAt',
      'device',
      'current',
    ])
  })

  test('lets an admin see the users, without their passwords, and nobody else', async () => {
    const admin = await accounts.get<object[]>(
      '/admin/users',
      (await login('admin@example.com')).accessToken,
    )
    expect(admin.status).toBe(200)
    expect(JSON.stringify(admin.body)).toContain('user@example.com')
    expect(JSON.stringify(admin.body)).not.toMatch(/argon2|password/i)
    const user = await accounts.get('/admin/users', (await login()).accessToken)
    expect([user.status, user.type]).toEqual([403, problem])
  })

  test.each(['/account/me', '/account/sessions', '/admin/users'])(
    'challenges a caller of %s without a token',
    async (path) => {
      const { status, type, headers } = await accounts.get(path)
      expect([status, type]).toEqual([401, problem])
      expect(headers.get('www-authenticate')).toBe('Bearer')
    },
  )

  test('answers unknown paths as a problem', async () => {
    const { status, type } = await accounts.get('/nowhere')
    expect([status, type]).toEqual([404, problem])
  })

  test.each(['localhost', '127.0.0.1'])(
    'is trusted by another API that knows it as %s alone',
    async (name) => {
      const authority = `http://${name}:${port()}`
      const bearer = jwtBearer({
        authority,
        audience: 'api://accounts',
        requireHttpsMetadata: false,
      })
      const response = await fetch(`${authority}/account/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email: 'admin@example.com', password }),
      })
      const tokens = (await response.json()) as Tokens
      const result = await bearer.authenticate({
        headers: { authorization: `Bearer ${tokens.accessToken}` },
      })
      expect(result.kind === 'success' && result.principal.roles).toEqual(['User', 'Admin'])
      expect(await me(tokens)).toBe(200)
      expect((await refresh(tokens.refreshToken)).status).toBe(200)
    },
  )

  test('leaves the folder of a server alone that has its port', async () => {
    await expect(startAccounts({ ...settings, PORT: port() })).rejects.toThrow(
      `Port ${port()} is taken`,
    )
  }, 60_000)

  test('keeps users, sessions and keys over a restart, and no token in its files', async () => {
    const { tokens } = await newcomer()
    const next = (await refresh(tokens.refreshToken)).body
    expect(await accounts.stop()).toBe(0)
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))
    expect(files.some((text) => text.includes('newcomer-1@example.com'))).toBe(true)
    for (const { refreshToken } of [tokens, next]) {
      const secret = refreshToken.split('.')[1] as string
      expect(files.some((text) => text.includes(secret))).toBe(false)
    }
    accounts = await startAccounts(settings)
    expect(accounts.output()).not.toContain('Seeded')
    expect((await refresh(next.refreshToken)).status).toBe(200)
  }, 60_000)

  test('limits guesses, and says when to come back', async () => {
    await accounts.stop()
    accounts = await startAccounts({ ...settings, RATE_LIMITS: 'on' })
    const guess = () =>
      accounts.post('/account/login', { email: 'user@example.com', password: 'a guess' })
    for (let tries = 0; tries < 10; tries++) expect((await guess()).status).toBe(400)
    const { status, type, headers } = await guess()
    expect([status, type]).toEqual([429, problem])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await login('admin@example.com')).tokenType).toBe('Bearer')
  }, 60_000)

  test('refuses to start with wrong settings, and names them', async () => {
    await expect(startAccounts({ ...settings, JWT_REUSE_INTERVAL: '61' })).rejects.toThrow(
      'JWT_REUSE_INTERVAL',
    )
  }, 60_000)
})
