import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { json, makeKey, silence, startIssuer, status } from '../support/issuer-server.js'
import { runCli } from '../support/run-cli.js'

let issuer: Awaited<ReturnType<typeof startIssuer>>

beforeAll(async () => {
  issuer = await startIssuer()
})

afterAll(async () => {
  await issuer.stop()
})

const rsa = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ format: 'jwk' })

async function list(keys: unknown, ...words: string[]) {
  issuer.routes.set('/jwks', json({ keys }))
  const words_ = [
    'keys',
    '--jwks-uri',
    `${issuer.url}/jwks`,
    '--no-require-https-metadata',
    ...words,
  ]
  return runCli(words_)
}

describe('keys', () => {
  test('lists what can be used and what cannot, with the reason', async () => {
    const good = await makeKey('ES256', 'good')
    const run = await list(
      [
        good.jwk,
        { ...rsa(2048), kid: 'rsa', alg: 'RS256' },
        { ...rsa(1024), kid: 'short' },
        { ...good.jwk, kid: 'enc', use: 'enc' },
        { kty: 'EC', crv: 'P-256', x: '!', y: '!', kid: 'broken' },
        { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
        'text',
      ],
      '--json',
    )
    expect(run.code).toBe(0)
    const { keys } = run.json() as { keys: Record<string, unknown>[] }
    expect(keys.map(({ kid, usable }) => [kid, usable])).toEqual([
      ['good', true],
      ['rsa', true],
      ['short', false],
      ['enc', false],
      ['broken', false],
      ['secret', false],
      [null, false],
    ])
    expect(keys[0]).toMatchObject({
      kty: 'EC',
      alg: 'ES256',
      use: 'sig',
      size: 'P-256',
      reason: null,
    })
    expect(keys[0]?.['thumbprint']).toMatch(/^[\w-]{43}$/)
    expect(keys[1]).toMatchObject({ size: '2048 bits' })
    expect(keys[2]?.['reason']).toMatch(/2048/)
    expect(keys[3]?.['reason']).toMatch(/"use"/)
    expect(run.out).not.toContain('c2VjcmV0')
  })

  test('says it in words', async () => {
    const good = await makeKey('ES256', 'good')
    const { out } = await list([good.jwk, { ...good.jwk, kid: undefined, use: 'enc' }])
    expect(out).toMatch(
      /✓ good {2}EC {2}ES256 {2}sig {2}P-256 {2}[\w-]{43}\n✗ no kid .* unusable: /,
    )
    expect((await list([])).out).toBe('The key set is empty.')
    expect((await list([{ ...rsa(2048), crv: 'P-256' }])).out).toContain('2048 bits')
  })

  test('finds the keys by the authority', async () => {
    issuer.routes.set(
      '/.well-known/openid-configuration',
      json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }),
    )
    issuer.routes.set('/jwks', json({ keys: [] }))
    const words = ['keys', '--authority', issuer.url, '--no-require-https-metadata']
    expect((await runCli(words)).out).toContain(`issuer ${issuer.url}`)
  })

  test.each([
    ['a 404', status(404)],
    ['no JSON', status(200)],
    ['no keys', json({})],
    ['no answer', silence],
  ])('answers %s with exit code 3', async (_, answer) => {
    issuer.routes.set('/jwks', answer)
    const { code, out } = await runCli([
      ...['keys', '--jwks-uri', `${issuer.url}/jwks`, '--no-require-https-metadata'],
      ...['--backchannel-timeout', '0.2'],
    ])
    expect([code, out]).toEqual([3, ''])
  })

  test('asks over https alone unless it is told otherwise', async () => {
    const { code, notes } = await runCli(['keys', '--jwks-uri', 'https://127.0.0.1:1/jwks'])
    expect(code).toBe(3)
    expect(notes).toContain('The keys cannot be fetched')
  })

  test.each<[string, string[], RegExp]>([
    ['http:', ['--authority', 'http://issuer.example'], /https/],
    ['no source', [], /./],
    [
      'two sources',
      ['--authority', 'https://a.example', '--jwks-uri', 'https://a.example/k'],
      /jwksUri/,
    ],
    ['a limit that is no number', ['--backchannel-timeout', 'x'], /must be a number/],
  ])('answers %s with exit code 2', async (_, words, text) => {
    const { code, notes } = await runCli(['keys', ...words])
    expect(code).toBe(2)
    expect(notes).toMatch(text)
  })
})
