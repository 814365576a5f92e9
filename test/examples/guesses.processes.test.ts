import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  demoUser,
  startUnifiedSignIn,
  type RunningExample,
} from '../../examples/unified-sign-in/start.js'
import { startAccounts, type Accounts } from '../support/accounts.js'
import { endOfExample } from '../support/start-example.js'

const password = 'correct horse battery staple'

describe('guesses at the accounts example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
  let accounts: Accounts

  beforeAll(async () => {
    accounts = await startAccounts({
      DATA_FOLDER: folder,
      SEED_PASSWORD: password,
      RATE_LIMITS: 'on',
    })
  }, 60_000)

  afterAll(async () => {
    await accounts.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const login = async (email: unknown, given = password) =>
    (await accounts.post('/account/login', { email, password: given })).status

  test('count every attempt, good or bad, however the address is written', async () => {
    const spellings = ['user@example.com', ' USER@example.com', 'User@Example.com ']
    const statuses: number[] = []
    for (let attempt = 0; attempt < 10; attempt += 1) {
      statuses.push(await login(spellings[attempt % 3], attempt % 2 === 0 ? password : 'wrong'))
    }
    expect(statuses).toEqual([200, 400, 200, 400, 200, 400, 200, 400, 200, 400])
    expect(await login('user@example.com')).toBe(429)
    expect(await login('admin@example.com')).toBe(200)
  })

  test.each([
    ['an object', { a: 1 }],
    ['an array', ['user@example.com']],
    ['a letter that looks like another', 'ad\u212Ain@example.com'],
    ['nothing', undefined],
  ])('are answered with 400 when the address is %s', async (_, email) => {
    expect(await login(email)).toBe(400)
  })
})

describe('two accounts processes', () => {
  test('do not open one folder: the second says what to do', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
    const env = { DATA_FOLDER: folder, SEED_PASSWORD: password }
    const first = await startAccounts(env)
    const second = await endOfExample('accounts', '0', env)
    expect(second.code).toBe(1)
    expect(second.output).toBe(
      `Another process works on ${folder}. Stop it, set DATA_FOLDER to another folder, or DATABASE_URL to a PostgreSQL that processes can share.\n`,
    )
    // One that was killed holds nothing any more.
    await first.stop('SIGKILL')
    const third = await startAccounts({ ...env, SEED_PASSWORD: '' })
    expect(third.output()).toContain('Sign in as user@example.com with the password of its first')
    await third.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  test('remember the passwords that they made, and print them at every start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
    const first = await startAccounts({ DATA_FOLDER: folder })
    const made = /Seeded user@example\.com with password (\S+)/.exec(first.output())?.[1]
    await first.stop()
    const second = await startAccounts({ DATA_FOLDER: folder })
    expect(second.output()).toContain(`Sign in as user@example.com with password ${made}`)
    await second.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)
})

describe('the accounts example with wrong settings', () => {
  test.each<[string, NodeJS.ProcessEnv, RegExp]>([
    [
      'a setting',
      { JWT_REUSE_INTERVAL: 'x' },
      /^The settings are wrong: JWT_REUSE_INTERVAL: .*\n$/,
    ],
    [
      'a missing PostgreSQL',
      { DATABASE_URL: 'postgres://127.0.0.1:1/x' },
      /^No database: .*ECONNREFUSED.*\n$/,
    ],
    ['a missing Redis', { REDIS_URL: 'redis://127.0.0.1:1' }, /^No Redis at REDIS_URL: .*\n$/],
  ])(
    'says in one line what is wrong with %s',
    async (_, env, text) => {
      const folder = mkdtempSync(join(tmpdir(), 'accounts-'))
      const { code, output } = await endOfExample('accounts', '0', { DATA_FOLDER: folder, ...env })
      expect(code).toBe(1)
      expect(output).toMatch(text)
      expect(output).not.toMatch(/^\s+at /m)
      rmSync(folder, { recursive: true, force: true })
    },
    60_000,
  )
})

describe('guesses at the unified sign-in example', () => {
  let example: RunningExample

  beforeAll(async () => {
    example = await startUnifiedSignIn()
  }, 30_000)

  afterAll(() => example.close())

  const signIn = (url: string, given: string, email = demoUser.email) =>
    fetch(`${url}/tokens/create`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password: given }),
    })

  test('are limited, and do not keep an honest person out', async () => {
    const guesses = Array.from({ length: 150 }, (_, index) =>
      signIn(example.authApiUrl, `guess ${index}`),
    )
    const honest = await signIn(example.url, demoUser.password)
    expect(honest.status).toBe(200)
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 400).length).toBeLessThanOrEqual(20)
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(100)
  }, 60_000)

  test('at many accounts at once wait in a short line', async () => {
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, index) =>
        signIn(example.authApiUrl, 'guess', `nobody-${index}@example.com`),
      ),
    )
    const refused = answers.filter(({ status }) => status === 503)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers.get('retry-after')).toBe('1')
    expect(answers.filter(({ status }) => status === 400).length).toBeGreaterThan(5)
  }, 60_000)
})
