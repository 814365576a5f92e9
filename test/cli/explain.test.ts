import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer } from 'express-jwt-bearer/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli, type CliSurroundings } from '../support/run-cli.js'

const audience = 'api://orders'
const issuer = await createTestIssuer({ audience, alg: 'ES256' })
let url: string
let close = () => Promise.resolve()

beforeAll(async () => {
  const listening = await issuer.listen()
  url = listening.url
  close = () => listening.close()
})

afterAll(() => close())

const seconds = Math.floor(Date.now() / 1000)
const api = () => ['--authority', url, '--audience', audience, '--no-require-https-metadata']

async function explain(token: string, words: readonly string[] = [], more: CliSurroundings = {}) {
  return runCli(['explain', '-', ...api(), ...words], { input: token, ...more })
}

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'key-')), 'key')
  writeFileSync(path, text)
  return path
}

describe('explain', () => {
  test('shows every check of a good token and exits with 0', async () => {
    const { code, out, notes } = await explain(await issuer.token())
    expect(code).toBe(0)
    const lines = out.split('\n')
    expect(lines.slice(0, -1).every((line) => line.startsWith('✓ '))).toBe(true)
    expect(lines.at(-1)).toBe('Answer: 200')
    expect(notes).toBe('Tokens are credentials: whoever has it can use it.')
  })

  test('shows every fault of a bad one, the answer and the likely reason, and exits with 1', async () => {
    const { code, out } = await explain(await issuer.token({ aud: 'other', exp: seconds - 7200 }))
    expect(code).toBe(1)
    expect(out).toMatch(/^✗ lifetime .*2 hours ago/m)
    expect(out).toMatch(/^✗ audience {3}token: "other" {3}accepted: "api:\/\/orders"$/m)
    expect(out).toMatch(/^✓ signature /m)
    expect(out).toMatch(
      /^Answer: 401 {2}WWW-Authenticate: Bearer error="invalid_token", error_description="The token expired at /m,
    )
    expect(out).toMatch(/^Likely: /m)
  })

  test('gives machines the same', async () => {
    const run = await explain(await issuer.token({ aud: 'other' }), ['--json'])
    expect(run.code).toBe(1)
    const found = run.json() as unknown as {
      checks: { name: string; ok: boolean }[]
      answer: object
      likely: string
    }
    expect(found.checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['audience'])
    expect(found.answer).toEqual({
      status: 401,
      challenge: 'Bearer error="invalid_token", error_description="The audience is invalid"',
    })
    expect(found.likely).toMatch(/another API/)
  })

  test('tries a policy and exits with 1 for a 403', async () => {
    const { code, out } = await explain(await issuer.token({ scope: 'a' }), [
      ...['--scope', 'a', '--scope', 'b', '--role', 'Admin', '--role-claim-type', 'groups'],
    ])
    expect(code).toBe(1)
    expect(out).toContain('✗ scopes     token: "a"   accepted: "a", "b"')
    expect(out).toContain('✗ roles')
    expect(out).toContain('Answer: 403')
  })

  test('looks at the token as of another time', async () => {
    const token = await issuer.token({ exp: 1_700_000_000, iat: 1_699_999_000 })
    expect((await explain(token, ['--at', '2023-11-14T22:13:20Z'])).code).toBe(0)
    expect((await explain(token, ['--at', 'yesterday'])).code).toBe(2)
    expect((await explain(token)).code).toBe(1)
  })

  test('heeds the options of jwtBearer() by their names in kebab case', async () => {
    const token = await issuer.token({ exp: seconds - 5, aud: 'x', iss: 'y', cnf: { jkt: 'z' } })
    const off = ['issuer', 'audience', 'lifetime', 'confirmation'].map((n) => `--no-validate-${n}`)
    expect((await explain(token, off)).code).toBe(0)
    expect(
      (await explain(await issuer.token({ exp: seconds - 5 }), ['--clock-skew', '0'])).code,
    ).toBe(1)
    expect((await explain(await issuer.token(), ['--valid-types', 'jwt'])).code).toBe(1)
    expect((await explain(await issuer.token(), ['--valid-algorithms', 'RS256'])).code).toBe(1)
    expect(
      (await explain(await issuer.token({ iat: seconds - 900 }), ['--max-token-age', '10'])).code,
    ).toBe(1)
    expect((await explain(await issuer.token(), ['--max-token-length', '10'])).code).toBe(1)
    const realm = await explain('garbage', ['--realm', 'shop'])
    expect(realm.out).toContain('Bearer realm="shop", error="invalid_token"')
  })

  test('takes a key from a file and a secret from a variable', async () => {
    const words = ['explain', '-', '--audience', audience, '--valid-issuer', url]
    const jwks = file(JSON.stringify(issuer.jwks))
    const input = await issuer.token()
    expect((await runCli([...words, '--key', jwks], { input })).code).toBe(0)
    expect((await runCli([...words, '--key', file('{')], { input })).code).toBe(2)
    expect((await runCli([...words, '--key', file('text')], { input })).code).toBe(2)
    const secret = 'an unguessable text of more than 32 characters'
    const symmetric = await createTestIssuer({ alg: 'HS256' })
    const hmac = { input: await symmetric.token(), env: { SECRET: secret } }
    const tried = await runCli([...words, '--secret-env', 'SECRET'], hmac)
    expect(tried.code).toBe(1)
    expect(tried.out + tried.notes).not.toContain(secret)
    expect((await runCli([...words, '--secret-env', 'UNSET'], hmac)).code).toBe(2)
  })

  test('shows names and types alone with --redact', async () => {
    const token = await issuer.token({
      aud: 'marker-aud',
      scope: 'marker-scope',
      roles: ['marker-role'],
    })
    const { out } = await explain(token, ['--redact', '--scope', 'x', '--role', 'y'])
    expect(out).not.toContain('marker')
    expect(out).toContain('✗ audience   token: string   accepted: "api://orders"')
  })

  test('never prints the token or a part of it', async () => {
    for (const claims of [{}, { aud: 'x' }, { nonce: 'n' }]) {
      const token = await issuer.token(claims)
      for (const words of [[], ['--json'], ['--redact']]) {
        const { out, notes } = await explain(token, words)
        for (const part of token.split('.')) expect(out + notes).not.toContain(part)
      }
    }
  })

  test('colours lines on a terminal', async () => {
    const good = await explain(await issuer.token(), [], { colors: true })
    expect(good.out).toContain('\u001B[32m✓ form')
    const bad = await explain('garbage', [], { colors: true })
    expect(bad.out).toContain('\u001B[31m✗ form')
    expect(bad.out).toContain('\u001B[33m– ')
  })

  test('takes what could steer a terminal out of claims', async () => {
    const { out } = await explain(await issuer.token({ aud: 'x\u202Ey\u001B[2J' }))
    for (const steering of ['\u202E', '\u001B']) expect(out).not.toContain(steering)
  })

  test('exits with 3 when the issuer cannot be reached, within the time limit', async () => {
    const words = ['explain', '-', '--authority', 'https://127.0.0.1:1', '--audience', audience]
    const { code, out } = await runCli(words, { input: await issuer.token() })
    expect(code).toBe(3)
    expect(out).toContain('Answer: 503')
  })

  test.each<[string, string[], RegExp]>([
    ['no audience', ['--authority', 'https://issuer.example'], /audience/],
    ['an http authority', ['--authority', 'http://issuer.example', '--audience', 'a'], /https/],
    ['an unknown option', ['--authorty', 'https://issuer.example'], /unknown option "--authorty"/],
    [
      'a skew of milliseconds',
      ['--audience', 'a', '--authority', 'https://i.example', '--clock-skew', '300000'],
      /milliseconds/,
    ],
    ['a skew in words', ['--audience', 'a', '--clock-skew', 'five'], /must be a number/],
    [
      'a proof without an address',
      ['--audience', 'a', '--authority', 'https://i.example', '--proof', 'p'],
      /--url/,
    ],
    ['an address that is none', ['--audience', 'a', '--url', 'orders'], /--url/],
    [
      'a scope that is empty',
      ['--audience', 'a', '--authority', 'https://i.example', '--scope', ''],
      /requireScope/,
    ],
  ])('answers %s with exit code 2', async (_, words, text) => {
    const { code, out, notes } = await runCli(['explain', '-', ...words], { input: 'x' })
    expect([code, out]).toEqual([2, ''])
    expect(notes).toMatch(text)
  })

  test('tries a token with its proof', async () => {
    const client = await issuer.dpopClient()
    const address = 'https://api.example.com/orders?page=2'
    const headers = Object.entries<string>(await client.headers('GET', address))
    const of = (name: string) => headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? ''
    const token = of('authorization').replace('DPoP ', '')
    const proof = ['--proof', of('dpop')]
    expect((await explain(token, [...proof, '--url', address])).code).toBe(0)
    expect(
      (
        await explain(token, [
          ...proof,
          '--url',
          '/orders',
          '--public-url',
          'https://api.example.com',
        ])
      ).code,
    ).toBe(0)
    const wrong = await explain(token, [...proof, '--url', 'https://other.example/orders'])
    expect(wrong.code).toBe(1)
    expect(wrong.out).toContain('another host')
    expect((await explain(token)).out).toContain('Likely: the token is bound')
    const post = await explain(token, [...proof, '--url', address, '--method', 'POST'])
    expect(post.out).toContain('The DPoP proof has the wrong htm')
  })
})
