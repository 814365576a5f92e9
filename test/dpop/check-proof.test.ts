import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { createMemoryReplayCache, dpop, type DpopOptions } from 'express-jwt-bearer/dpop'
import { describe, expect, test } from 'vitest'
import type { ProofInvalidError } from '../../src/core/proof-errors.js'
import { encode, sign } from '../support/tokens.js'
import {
  clientKey,
  clock,
  judge,
  K,
  N,
  options,
  outcomeOf,
  proofOf,
  publicUrl,
  secret,
  sha256,
  token,
  useOf,
  type ProofChanges,
} from './set-up.js'

const stranger = clientKey()

function spoiled(proof: string): string {
  const [header, payload, signature] = proof.split('.') as [string, string, string]
  return [header, payload, (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)].join('.')
}

function reencoded(part: 0 | 1, text: string): string {
  const parts = proofOf().split('.')
  parts[part] = encode(text)
  return parts.join('.')
}

const headerText = (more: string) =>
  `{"typ":"dpop+jwt","alg":"ES256","jwk":${JSON.stringify(K.jwk)}${more}}`

describe('dpop', () => {
  test.each<[name: string, proofs: string | readonly string[], outcome: string]>([
    ['a good proof', proofOf(), 'proved'],
    ['white space around it', ` \t${proofOf()}\t `, 'proved'],
    ['no proof', [], 'missing'],
    ['an empty proof', '', 'missing'],
    ['a proof of white space', ' \t', 'missing'],
    ['two proofs', [proofOf(), 'x'], 'several'],
    ['one proof twice', [proofOf(), proofOf()], 'several'],
    ['a proof and an empty line', [proofOf(), ''], 'several'],
    ['two proofs in one line', `${proofOf()}, ${proofOf()}`, 'form'],
    ['two parts', 'e30.e30', 'form'],
    ['four parts', `${proofOf()}.e30`, 'form'],
    ['padding', `${proofOf()}=`, 'form'],
    ['white space inside', proofOf().replace('.', '. '), 'form'],
    ['a second spelling of the signature', `${proofOf().slice(0, -1)}_`, 'form'],
    ['a header that is no JSON', reencoded(0, 'x'), 'form'],
    ['a header that is an array', reencoded(0, '[]'), 'form'],
    ['a payload that is null', reencoded(1, 'null'), 'form'],
    ['bytes that are no UTF-8', `${encode(Buffer.from([0x7b, 0xff, 0x7d]))}.e30.`, 'form'],
    ['a critical extension', proofOf({ header: { crit: ['b64'], b64: true } }), 'form'],
    ['crit that is empty', proofOf({ header: { crit: [] } }), 'form'],
  ])('reads exactly one proof: %s', async (_name, proofs, outcome) => {
    expect(await judge({}, useOf(proofs))).toBe(outcome)
  })

  test('takes a proof of 8192 characters, and none of 8193, before any decoding', async () => {
    const long = (length: number) => {
      const missing = length - proofOf({ claims: { more: '' } }).length
      for (let size = Math.floor(missing / 2); ; size += 1) {
        const proof = proofOf({ claims: { more: 'x'.repeat(size) } })
        if (proof.length >= length) return proof
      }
    }
    const proof = long(8185)
    expect(await judge({ maxProofLength: proof.length }, useOf(proof))).toBe('proved')
    expect(await judge({ maxProofLength: proof.length - 1 }, useOf(proof))).toBe('form')
    expect(await judge({}, useOf('x'.repeat(8193)))).toBe('form')
  })

  test.each<[name: string, changes: ProofChanges, outcome: string]>([
    ['another case of typ', { header: { typ: 'DPoP+JWT' } }, 'proved'],
    ['the whole media type', { header: { typ: 'application/dpop+jwt' } }, 'proved'],
    ['the typ of a token', { header: { typ: 'at+jwt' } }, 'typ'],
    ['no typ', { header: { typ: undefined } }, 'typ'],
    ['a typ that is no text', { header: { typ: ['dpop+jwt'] } }, 'typ'],
    ['an alg that is not accepted', { header: { alg: 'ES384' } }, 'alg'],
    ['none', { header: { alg: 'none' } }, 'alg'],
    ['a symmetric alg', { header: { alg: 'HS256' } }, 'alg'],
    ['no alg', { header: { alg: undefined } }, 'alg'],
    ['an alg that is no text', { header: { alg: 1 } }, 'alg'],
    ['no jwk', { header: { jwk: undefined } }, 'jwk'],
    ['another key', { key: stranger }, 'key'],
    ['the signature of another key', { key: { ...stranger, jwk: K.jwk } }, 'signature'],
    ['another method', { claims: { htm: 'POST' } }, 'htm'],
    ['another case of the method', { claims: { htm: 'get' } }, 'htm'],
    ['a method that is no text', { claims: { htm: 5 } }, 'htm'],
    ['no method', { claims: { htm: undefined } }, 'htm'],
    ['another token', { claims: { ath: sha256('another') } }, 'ath'],
    ['no token', { claims: { ath: undefined } }, 'ath'],
    ['the token with padding', { claims: { ath: `${sha256(token)}=` } }, 'ath'],
    ['a name of one character', { claims: { jti: 'x' } }, 'proved'],
    ['a name of 256 characters', { claims: { jti: 'x'.repeat(256) } }, 'proved'],
    ['a name of 257 characters', { claims: { jti: 'x'.repeat(257) } }, 'jti'],
    ['an empty name', { claims: { jti: '' } }, 'jti'],
    ['a name that is no text', { claims: { jti: 1 } }, 'jti'],
    ['no name', { claims: { jti: undefined } }, 'jti'],
    ['the last instant', { claims: { iat: N - 90 } }, 'proved'],
    ['the first instant', { claims: { iat: N + 30 } }, 'proved'],
    ['a second too old', { claims: { iat: N - 91 } }, 'iat'],
    ['a second too early', { claims: { iat: N + 31 } }, 'iat'],
    ['a fraction too old', { claims: { iat: N - 90.001 } }, 'iat'],
    ['no iat', { claims: { iat: undefined } }, 'iat'],
    ['an iat that is text', { claims: { iat: String(N) } }, 'iat'],
    ['exp within the skew', { claims: { exp: N - 29 } }, 'proved'],
    ['exp at the end of the skew', { claims: { exp: N - 30 } }, 'iat'],
    ['exp that is no number', { claims: { exp: null } }, 'iat'],
    ['nbf within the skew', { claims: { nbf: N + 30 } }, 'proved'],
    ['nbf beyond the skew', { claims: { nbf: N + 31 } }, 'iat'],
    ['nbf that is no number', { claims: { nbf: 'x' } }, 'iat'],
  ])('checks a proof with %s', async (_name, changes, outcome) => {
    expect(await judge({ validAlgorithms: ['ES256', 'PS256'] }, useOf(proofOf(changes)))).toBe(
      outcome,
    )
  })

  test.each([
    ['typ, alg, jwk', { typ: 'x', alg: 'x', jwk: 5 }, {}, 'typ'],
    ['alg, jwk', { alg: 'x', jwk: 5 }, {}, 'alg'],
    ['jwk, htm', { jwk: 5 }, { htm: 'x' }, 'jwk'],
    ['htm, htu', {}, { htm: 'x', htu: 'x' }, 'htm'],
    ['htu, ath', {}, { htu: 'x', ath: 'x' }, 'htu'],
    ['ath, jti', {}, { ath: 'x', jti: 5 }, 'ath'],
    ['jti, iat', {}, { jti: 5, iat: 0 }, 'jti'],
  ])('names the first of several faults: %s', async (_name, header, claims, outcome) => {
    expect(await judge({}, useOf(proofOf({ header, claims })))).toBe(outcome)
  })

  test('judges the key before the signature, and the signature before the claims', async () => {
    const foreign = spoiled(proofOf({ key: stranger }))
    expect(await judge({}, useOf(foreign))).toBe('key')
    expect(await judge({}, useOf(spoiled(proofOf({ claims: { htm: 'x' } }))))).toBe('signature')
  })

  test('takes the last of two members of one name, as the check of tokens does', async () => {
    const payload = encode(
      `{"htm":"POST","htm":"GET","jti":"x","htu":"${publicUrl}/p","iat":${String(N)},"ath":"${sha256(token)}"}`,
    )
    const signed = sign(
      JSON.parse(headerText('')),
      Buffer.from(payload, 'base64url'),
      K.key,
      'ES256',
    )
    expect(await judge({}, useOf(signed))).toBe('proved')
  })

  test('does not let in by a clock that gives no number', async () => {
    expect(await judge({ clock: () => NaN }, useOf(proofOf()))).toBe('iat')
  })

  test('takes its own clock for that of the scheme', async () => {
    const late = () => (N + 1000) * 1000
    expect(await judge({ clock: late }, useOf(proofOf()))).toBe('iat')
    expect(await judge({ clock }, useOf(proofOf(), { clock: late }))).toBe('proved')
  })

  test.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'PS256', 'PS384', 'PS512'])(
    'accepts %s by default',
    async (alg) => {
      const key = clientKey(alg)
      const use = useOf(proofOf({ key }), { thumbprint: key.thumbprint })
      expect(await judge({}, use)).toBe('proved')
    },
  )

  test('checks everything of a proof whose key is known', async () => {
    const { prove } = dpop(options)
    expect(await prove(useOf(proofOf()))).toBe(false)
    expect(await outcomeOf({ prove }, useOf(spoiled(proofOf())))).toBe('signature')
    expect(await outcomeOf({ prove }, useOf(proofOf({ key: stranger })))).toBe('key')
    const another = { ...K.jwk, use: 'enc' }
    expect(await outcomeOf({ prove }, useOf(proofOf({ header: { jwk: another } })))).toBe('jwk')
    expect(await prove(useOf(proofOf()))).toBe(false)
  })

  test('knows one RSA key under each of its algorithms', async () => {
    const key = clientKey('RS256')
    const { prove } = dpop(options)
    for (const alg of ['RS256', 'PS256', 'RS256']) {
      const use = useOf(proofOf({ key: { ...key, alg } }), { thumbprint: key.thumbprint })
      expect(await outcomeOf({ prove }, use)).toBe('proved')
    }
  })

  test.each([
    ['without a method', { url: '/p' }, 'htm'],
    ['without a target', { method: 'GET' }, 'htu'],
    ['with a target outside Express', { method: 'GET', url: '/p' }, 'proved'],
    ['with the target before mounting', { method: 'GET', url: '/', originalUrl: '/p' }, 'proved'],
    ['of the Fetch API', new Request('http://127.0.0.1:3000/p?a=1'), 'proved'],
  ])('reads a request %s', async (_name, request, outcome) => {
    expect(await judge({}, useOf(proofOf(), { request }))).toBe(outcome)
  })

  test('says which addresses would have been right, to handlers alone', async () => {
    const { prove } = dpop({ ...options, publicUrl: [publicUrl, 'https://b.example/gw/'] })
    const claims = { htu: 'https://evil.example:443/p?code=1#f' }
    const fault = async (use: Parameters<typeof prove>[0]) => {
      const error: unknown = await Promise.resolve()
        .then(() => prove(use))
        .catch((thrown: unknown) => thrown)
      return error as ProofInvalidError
    }
    const error = await fault(useOf(proofOf({ claims })))
    expect(error.expected).toEqual([`${publicUrl}/p`, 'https://b.example/gw/p'])
    expect(error.received).toBe('https://evil.example/p')
    expect(JSON.stringify(error) + inspect(error) + error.message).not.toContain('example')
    const unreadable = await fault(useOf(proofOf({ claims: { htu: 'https://u:p@evil/' } })))
    expect(unreadable.received).toBeUndefined()
  })
})

describe('publicUrl', () => {
  const prefixed = (claims: object) =>
    proofOf({ claims: { htu: 'https://b.example/gw/p', ...claims } })

  test.each<[name: string, publicUrl: DpopOptions['publicUrl'], outcome: string]>([
    ['one of a list', [publicUrl, 'https://b.example/gw'], 'proved'],
    ['with a slash at the end', 'https://b.example/gw/', 'proved'],
    ['what a function gives', () => 'https://b.example/gw', 'proved'],
    ['one of a function’s list', () => [publicUrl, 'https://b.example/gw'], 'proved'],
    ['another', publicUrl, 'htu'],
    ['nothing of a function', () => undefined, 'htu'],
    ['nothing in a function’s list', () => [], 'htu'],
    [
      'a function that throws',
      () => {
        throw new RangeError('unknown host')
      },
      'RangeError',
    ],
    ['a function’s text that is no URL', () => 'b.example', 'ERR_CONFIGURATION'],
    ['a promise', (() => Promise.resolve(publicUrl)) as never, 'ERR_CONFIGURATION'],
    ['a promise that fails', (() => Promise.reject(new Error('no'))) as never, 'ERR_CONFIGURATION'],
  ])('compares with %s', async (_name, given, outcome) => {
    expect(await judge({ publicUrl: given }, useOf(prefixed({})))).toBe(outcome)
  })

  test('hands its function the request', async () => {
    const request = { method: 'GET', url: '/p', headers: { host: 'b.example' } }
    const seen: unknown[] = []
    const given = (req: unknown) => {
      seen.push(req)
      return 'https://b.example/gw'
    }
    expect(await judge({ publicUrl: given }, useOf(prefixed({}), { request }))).toBe('proved')
    expect(seen).toEqual([request])
  })
})

describe('nonce', () => {
  const nonce = { secret }
  const fresh = (at = N, secretAt = secret) =>
    dpop({ ...options, nonce: { secret: secretAt } }).credentials?.freshNonce?.(() => at * 1000)

  test.each<[name: string, nonce: unknown, claims: object, outcome: string]>([
    ['a fresh one', fresh(), {}, 'proved'],
    ['a fresh one, the iat an hour off', fresh(), { iat: N - 3600 }, 'proved'],
    ['one at its end', fresh(N - 300), {}, 'proved'],
    ['one past its end', fresh(N - 301), {}, 'ERR_PROOF_NONCE_REQUIRED'],
    ['one from a clock within the skew', fresh(N + 30), {}, 'proved'],
    ['one from the future', fresh(N + 31), {}, 'ERR_PROOF_NONCE_REQUIRED'],
    ['one of another secret', fresh(N, `${secret}!`), {}, 'ERR_PROOF_NONCE_REQUIRED'],
    ['none', undefined, {}, 'ERR_PROOF_NONCE_REQUIRED'],
    ['one that is no text', 5, {}, 'ERR_PROOF_NONCE_REQUIRED'],
    ['text', 'x', {}, 'ERR_PROOF_NONCE_REQUIRED'],
    ['a fresh one, no iat', fresh(), { iat: undefined }, 'iat'],
    ['a fresh one, exp over', fresh(), { exp: N - 100 }, 'iat'],
    ['none, exp over', undefined, { exp: N - 100 }, 'ERR_PROOF_NONCE_REQUIRED'],
  ])('takes %s', async (_name, given, claims, outcome) => {
    const proof = proofOf({ claims: { nonce: given, ...claims } })
    expect(await judge({ nonce }, useOf(proof))).toBe(outcome)
  })

  test.each(Array.from({ length: 3 }, (_, part) => part))(
    'refuses a nonce with another character at the end of part %i',
    async (part) => {
      const parts = (fresh() as string).split('.')
      const last = (parts[part] as string).at(-1) as string
      for (const other of part === 0 ? '0123456789' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
        if (other === last) continue
        const changed = parts
          .map((text, index) => (index === part ? text.slice(0, -1) + other : text))
          .join('.')
        const use = useOf(proofOf({ claims: { nonce: changed } }))
        expect(await judge({ nonce }, use)).toBe('ERR_PROOF_NONCE_REQUIRED')
      }
    },
  )

  test('judges the nonce before the iat where both count', async () => {
    const both = { nonce: { secret, validateIssuedAt: true } }
    const old = { iat: N - 91 }
    expect(await judge(both, useOf(proofOf({ claims: old })))).toBe('ERR_PROOF_NONCE_REQUIRED')
    const stale = proofOf({ claims: { nonce: fresh(), ...old } })
    expect(await judge(both, useOf(stale))).toBe('iat')
    expect(await judge(both, useOf(proofOf({ claims: { nonce: fresh() } })))).toBe('proved')
  })

  test('asks for renewal past half of the lifetime', async () => {
    const { prove } = dpop({ ...options, nonce })
    const renews = (at: number) => prove(useOf(proofOf({ claims: { nonce: fresh(at) } })))
    expect(await renews(N - 150)).toBe(false)
    expect(await renews(N - 151)).toBe(true)
  })

  test('accepts the nonces of every secret and signs with the first', async () => {
    const rotated = { nonce: { secret: [`new ${secret}`, secret] } }
    const old = useOf(proofOf({ claims: { nonce: fresh() } }))
    expect(await judge(rotated, old)).toBe('proved')
    const made = dpop({ ...options, ...rotated }).credentials?.freshNonce?.(clock)
    const use = useOf(proofOf({ claims: { nonce: made } }))
    expect(await judge({ nonce: { secret: `new ${secret}` } }, use)).toBe('proved')
    expect(await judge({ nonce }, use)).toBe('ERR_PROOF_NONCE_REQUIRED')
  })

  test('writes 16 unpredictable bytes into each, of the characters that a header may hold', () => {
    const nonces = new Set(Array.from({ length: 100 }, () => fresh() as string))
    expect(nonces.size).toBe(100)
    for (const each of nonces) expect(each).toMatch(/^\d+\.[\w-]{22}\.[\w-]{43}$/)
  })
})

describe('replayCache', () => {
  function recording() {
    const calls: [key: string, expiresAt: number][] = []
    const addIfAbsent = (key: string, expiresAt: Date) => {
      calls.push([key, expiresAt.getTime() / 1000])
      return true
    }
    return { calls, cache: { addIfAbsent } }
  }

  test.each<[name: string, given: Partial<DpopOptions>, claims: object, expiresAt: number]>([
    ['iat', {}, { iat: N - 10 }, N - 10 + 60 + 30 + 30],
    ['an iat in the future', {}, { iat: N + 30 }, N + 30 + 60 + 30 + 30],
    ['a nonce', { nonce: { secret } }, { iat: 0 }, N + 300 + 30],
    ['both, iat ending first', { nonce: { secret, validateIssuedAt: true } }, {}, N + 120],
    [
      'both, the nonce ending first',
      { nonce: { secret, validateIssuedAt: true, lifetime: 20 } },
      {},
      N + 20 + 30,
    ],
  ])(
    'keeps a proof until it cannot pass any more, by %s',
    async (_name, given, claims, expiresAt) => {
      const { calls, cache } = recording()
      const { prove, credentials } = dpop({ ...options, ...given, replayCache: cache })
      await prove(
        useOf(proofOf({ claims: { nonce: credentials?.freshNonce?.(clock), ...claims } })),
      )
      expect(calls).toEqual([[expect.stringMatching(/^[\w-]{43}$/), expiresAt]])
    },
  )

  test('tells proofs apart by scheme, key, address and name, and not by method', async () => {
    const { calls, cache } = recording()
    const given = { publicUrl: [publicUrl, 'https://b.example'], replayCache: cache }
    const { prove } = dpop({ ...options, ...given })
    const claims = { jti: 'one' }
    const other = clientKey()
    await prove(useOf(proofOf({ claims })))
    const post = { method: 'POST', url: '/p' }
    await prove(useOf(proofOf({ claims: { ...claims, htm: 'POST' } }), { request: post }))
    await prove(useOf(proofOf({ claims: { ...claims, htu: 'HTTPS://API.example.com:443/%70' } })))
    await prove(useOf(proofOf({ claims }), { scheme: 'Another' }))
    await prove(useOf(proofOf({ claims: { ...claims, htu: 'https://b.example/p' } })))
    await prove(useOf(proofOf({ claims: { jti: 'two' } })))
    await prove(useOf(proofOf({ claims, key: other }), { thumbprint: other.thumbprint }))
    const [first, second, third, ...others] = calls.map(([key]) => key)
    expect([second, third]).toEqual([first, first])
    expect(new Set([first, ...others]).size).toBe(5)
  })

  test.each([
    [
      'throws',
      () => {
        throw new RangeError('down')
      },
      'RangeError',
    ],
    ['rejects', () => Promise.reject(new RangeError('down')), 'RangeError'],
    ['throws an error of ours', () => judgeError(), 'Error'],
    ['gives undefined', () => undefined, 'ERR_PROOF_REPLAYED'],
    ['gives a text', () => 'true', 'ERR_PROOF_REPLAYED'],
    ['gives 1', () => Promise.resolve(1), 'ERR_PROOF_REPLAYED'],
    ['gives false later', () => Promise.resolve(false), 'ERR_PROOF_REPLAYED'],
    ['gives true later', () => Promise.resolve(true), 'proved'],
  ])('never lets in when it %s', async (_name, addIfAbsent, outcome) => {
    const replayCache = { addIfAbsent } as never
    expect(await judge({ replayCache }, useOf(proofOf()))).toBe(outcome)
  })

  test('is not asked about a proof that fails', async () => {
    const { calls, cache } = recording()
    const given = { replayCache: cache }
    expect(await judge(given, useOf(proofOf({ claims: { iat: 0 } })))).toBe('iat')
    expect(await judge(given, useOf(spoiled(proofOf())))).toBe('signature')
    expect(calls).toEqual([])
  })

  test('lets one of 50 uses of a proof in, at once', async () => {
    const { prove } = dpop({ ...options, replayCache: createMemoryReplayCache({ clock }) })
    const proof = proofOf()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => outcomeOf({ prove }, useOf(proof))),
    )
    expect(outcomes.filter((one) => one === 'proved')).toHaveLength(1)
    expect(outcomes.filter((one) => one === 'ERR_PROOF_REPLAYED')).toHaveLength(49)
  })
})

function judgeError(): never {
  return dpop({ ...options, publicUrl: '' }) as never
}

describe('the channels', () => {
  test('say which check of which scheme failed, and nothing of the proof', async () => {
    const messages: unknown[] = []
    const note = (message: unknown) => messages.push(message)
    subscribe('express-jwt-bearer:proof-failed', note)
    const replayCache = createMemoryReplayCache({ clock })
    const given = dpop({ ...options, replayCache })
    const proof = proofOf()
    await outcomeOf(given, useOf(proof))
    await outcomeOf(given, useOf(proof))
    await outcomeOf(given, useOf([]))
    await outcomeOf(dpop({ ...options, nonce: { secret } }), useOf(proof))
    await outcomeOf(given, useOf(proofOf({ key: stranger })))
    unsubscribe('express-jwt-bearer:proof-failed', note)
    expect(messages).toEqual(
      ['replayed', 'missing', 'nonce'].map((reason) => ({ scheme: 'Bearer', reason })),
    )
  })

  test('say that a replay cache is full', async () => {
    const messages: unknown[] = []
    const note = (message: unknown) => messages.push(message)
    subscribe('express-jwt-bearer:replay-cache-full', note)
    const given = dpop({
      ...options,
      replayCache: createMemoryReplayCache({ clock, maxEntries: 1 }),
    })
    expect(await outcomeOf(given, useOf(proofOf()))).toBe('proved')
    expect(await outcomeOf(given, useOf(proofOf()))).toBe('Error')
    unsubscribe('express-jwt-bearer:replay-cache-full', note)
    expect(messages).toEqual([{ scheme: 'Bearer' }])
  })
})
