import {
  authorize,
  jwtBearer,
  type ChallengeContext,
  type JwtBearerOptions,
} from 'express-jwt-bearer'
import { createMemoryReplayCache, dpop, type DpopOptions } from 'express-jwt-bearer/dpop'
import { introspection } from 'express-jwt-bearer/introspection'
import { clientCertificate } from 'express-jwt-bearer/mtls'
import request from 'supertest'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  B,
  fixtureDpop,
  P,
  start,
  tokenOf,
  trusting,
  U,
  type Asked,
  type Fixture,
} from '../dpop/fixture.js'
import {
  clientKey,
  clock,
  K,
  N,
  publicUrl,
  secret,
  sha256,
  type ProofChanges,
} from '../dpop/set-up.js'
import { createApp, frameworks } from '../support/create-app.js'
import { setUpError } from '../support/tokens.js'

const A = 'algs="ES256 PS256"'
const V = (text: string) => `DPoP error="invalid_dpop_proof", error_description="${text}", ${A}`
const plain = `DPoP ${A}`
const bound =
  'Bearer error="invalid_token", error_description="The token is bound and must be used with its proof"'
const K2 = clientKey()

describe.each(frameworks)('RFC 9449 under $framework', ({ express }) => {
  const setUp = (changes: Partial<DpopOptions> = {}, options: JwtBearerOptions = {}) =>
    start(express, { proofOfPossession: fixtureDpop(changes), ...options })
  const both = { allowBearerTokens: true }
  const proofs: Record<string, () => Promise<Fixture>> = {
    D: () => setUp(),
    X: () => setUp(both),
    N: () => setUp({ nonce: { secret } }),
    O: () => start(express, {}),
  }

  let D: Fixture
  beforeEach(async () => {
    D = await setUp()
  })

  test('lets the owner of the key in, and says what was proved', async () => {
    expect(await D.ask(P())).toMatchObject({ status: 200, body: '{"user":"alice"}' })
    expect(D.results[0]).toMatchObject({
      kind: 'success',
      token: B,
      confirmations: [{ method: 'jkt', thumbprint: K.thumbprint }],
    })
  })

  test.each<
    [
      name: string,
      setup: string,
      asked: Asked,
      proofs: () => string[],
      status: number,
      challenges: string[],
    ]
  >([
    ['no credentials', 'D', { authorization: undefined }, () => [], 401, [plain]],
    ['no credentials', 'X', { authorization: undefined }, () => [], 401, ['Bearer', plain]],
    ['an empty DPoP', 'D', { authorization: 'DPoP ' }, () => [P()], 401, [plain]],
    ['an empty DPoP', 'X', { authorization: 'DPoP' }, () => [P()], 401, ['Bearer', plain]],
    ['another scheme', 'D', { authorization: 'Basic YTpi' }, () => [P()], 401, [plain]],
    ['an unbound bearer token', 'D', { authorization: `Bearer ${U}` }, () => [], 401, [plain]],
    ['an unbound bearer token', 'X', { authorization: `Bearer ${U}` }, () => [], 200, []],
    [
      'an unbound bearer token with a proof that is not looked at',
      'X',
      { authorization: `Bearer ${U}` },
      () => ['x', 'y'],
      200,
      [],
    ],
    ['a bound bearer token', 'D', { authorization: `Bearer ${B}` }, () => [], 401, [plain]],
    ['a bound bearer token', 'X', { authorization: `Bearer ${B}` }, () => [], 401, [bound, plain]],
    [
      'a bound bearer token with its proof',
      'X',
      { authorization: `Bearer ${B}` },
      () => [P()],
      401,
      [bound, plain],
    ],
    ['a bound bearer token', 'O', { authorization: `Bearer ${B}` }, () => [], 401, [bound]],
    [
      'a bound bearer token with its proof',
      'O',
      { authorization: `Bearer ${B}` },
      () => [P()],
      401,
      [bound],
    ],
    ['DPoP credentials', 'O', {}, () => [P()], 401, ['Bearer']],
    [
      'DPoP credentials in small letters',
      'D',
      { authorization: `dpop  ${B} ` },
      () => [P()],
      200,
      [],
    ],
    [
      'a bad bearer token',
      'X',
      { authorization: 'Bearer x' },
      () => [],
      401,
      ['Bearer error="invalid_token"', plain],
    ],
    ['a bad bearer token', 'D', { authorization: 'Bearer x' }, () => [], 401, [plain]],
    [
      'a bad token',
      'D',
      { authorization: 'DPoP x' },
      () => [P()],
      401,
      [`DPoP error="invalid_token", ${A}`],
    ],
    [
      'an expired token',
      'X',
      { authorization: `DPoP ${tokenOf({ exp: N - 301 })}` },
      () => [P()],
      401,
      [
        'Bearer',
        `DPoP error="invalid_token", error_description="The token expired at '2027-01-15T07:54:59.000Z'", ${A}`,
      ],
    ],
    [
      'an unbound token',
      'D',
      { authorization: `DPoP ${U}` },
      () => [P({}, { token: U })],
      401,
      [`DPoP error="invalid_token", error_description="The token is not bound to a key", ${A}`],
    ],
    [
      'an unbound token',
      'X',
      { authorization: `DPoP ${U}` },
      () => [P({}, { token: U })],
      401,
      [
        'Bearer',
        `DPoP error="invalid_token", error_description="The token is not bound to a key", ${A}`,
      ],
    ],
    ['no proof', 'D', {}, () => [], 401, [V('A DPoP proof is required')]],
    ['no proof', 'X', {}, () => [], 401, ['Bearer', V('A DPoP proof is required')]],
    ['an empty proof', 'D', {}, () => [''], 401, [V('A DPoP proof is required')]],
    ['two proofs', 'D', {}, () => [P(), 'x'], 401, [V('There is more than one DPoP proof')]],
    [
      'two proofs in two lines of another case',
      'D',
      { headers: [['dpop', 'x']] },
      () => [P()],
      401,
      [V('There is more than one DPoP proof')],
    ],
    [
      'two proofs in one line',
      'D',
      {},
      () => [`${P()}, ${P()}`],
      401,
      [V('The DPoP proof is malformed')],
    ],
    [
      'a proof of another key',
      'D',
      {},
      () => [P({}, { key: K2 })],
      401,
      [`DPoP error="invalid_token", error_description="The token is bound to another key", ${A}`],
    ],
    [
      'a proof for another method',
      'D',
      { method: 'POST' },
      () => [P()],
      401,
      [V('The DPoP proof has the wrong htm')],
    ],
    ['a proof for the method', 'D', { method: 'POST' }, () => [P({ htm: 'POST' })], 200, []],
    ['a HEAD request', 'D', { method: 'HEAD' }, () => [P({ htm: 'HEAD' })], 200, []],
    [
      'a query here and another in the proof',
      'D',
      { path: '/p?a=1' },
      () => [P({ htu: `${publicUrl}/p?b=2#f` })],
      200,
      [],
    ],
    [
      'two tokens',
      'D',
      { authorization: `DPoP ${B}, DPoP ${B}` },
      () => [P()],
      400,
      [`DPoP error="invalid_request", ${A}`],
    ],
    [
      'a tab after DPoP',
      'D',
      { authorization: `DPoP\t${B}` },
      () => [P()],
      400,
      [`DPoP error="invalid_request", ${A}`],
    ],
    [
      'two words after DPoP',
      'D',
      { authorization: 'DPoP a b' },
      () => [P()],
      400,
      [`DPoP error="invalid_request", ${A}`],
    ],
    [
      'two words after DPoP',
      'X',
      { authorization: 'DPoP a b' },
      () => [P()],
      400,
      ['Bearer error="invalid_request"', `DPoP error="invalid_request", ${A}`],
    ],
    [
      'two words after Bearer',
      'X',
      { authorization: 'Bearer a b' },
      () => [],
      400,
      ['Bearer error="invalid_request"', `DPoP error="invalid_request", ${A}`],
    ],
    ['two words after Bearer', 'D', { authorization: 'Bearer a b' }, () => [], 401, [plain]],
    [
      'two lines of credentials',
      'D',
      { headers: [['Authorization', `Bearer ${U}`]] },
      () => [P()],
      400,
      [`DPoP error="invalid_request", ${A}`],
    ],
    [
      'two lines of credentials',
      'X',
      { headers: [['Authorization', `DPoP ${B}`]] },
      () => [P()],
      400,
      ['Bearer error="invalid_request"', `DPoP error="invalid_request", ${A}`],
    ],
    [
      'DPoP twice where nobody asks for it',
      'O',
      { authorization: `DPoP ${B}, DPoP ${B}` },
      () => [],
      401,
      ['Bearer'],
    ],
  ])('answers %s under set-up %s', async (_name, setup, asked, sent, status, challenges) => {
    const app = await (proofs[setup] as () => Promise<Fixture>)()
    const answer = await app.ask(sent(), asked)
    expect([answer.status, answer.challenges]).toEqual([status, challenges])
    if (status !== 200) expect(answer.header('Cache-Control')).toBe('no-store')
  })

  test.each<[name: string, changes: ProofChanges, text: string | undefined]>([
    ['typ in another case', { header: { typ: 'DPoP+JWT' } }, undefined],
    ['typ in full', { header: { typ: 'application/dpop+jwt' } }, undefined],
    ['another typ', { header: { typ: 'JWT' } }, 'has an unacceptable typ'],
    ['another alg', { header: { alg: 'ES384' } }, 'has an unacceptable alg'],
    ['a private key', { header: { jwk: { ...K.jwk, d: 'x' } } }, 'has an unacceptable jwk'],
    ['a foreign signature', { key: { ...K2, jwk: K.jwk } }, 'has an invalid signature'],
    ['htm in small letters', { claims: { htm: 'get' } }, 'has the wrong htm'],
    ['htm that is no text', { claims: { htm: 5 } }, 'has the wrong htm'],
    ['no htm', { claims: { htm: undefined } }, 'has the wrong htm'],
    ...[
      'http://api.example.com/p',
      'https://api.example.com:8443/p',
      'https://api.example.com/P',
      'https://api.example.com/p/',
      'https://api.example.com./p',
      '/p',
      'https:api.example.com/p',
      'https://u@api.example.com/p',
      'https://api.example.com\\p',
      5,
      undefined,
    ].map((htu): [string, ProofChanges, string] => [
      `htu ${String(htu)}`,
      { claims: { htu } },
      'has the wrong htu',
    ]),
    [
      'htu in capitals, with the default port',
      { claims: { htu: 'HTTPS://API.EXAMPLE.COM:443/%70' } },
      undefined,
    ],
    ['htu with dot segments', { claims: { htu: 'https://api.example.com/x/../p' } }, undefined],
    ['another token', { claims: { ath: sha256(U) } }, 'has the wrong ath'],
    ['no ath, as at a token endpoint', { claims: { ath: undefined } }, 'has the wrong ath'],
    ['no jti', { claims: { jti: undefined } }, 'has the wrong jti'],
    ['the oldest iat', { claims: { iat: N - 90 } }, undefined],
    ['the newest iat', { claims: { iat: N + 30 } }, undefined],
    ['an iat that is too old', { claims: { iat: N - 91 } }, 'is not current'],
    ['an iat that is too new', { claims: { iat: N + 31 } }, 'is not current'],
  ])('judges a proof with %s', async (_name, { claims = {}, ...changes }, text) => {
    const { status, challenges } = await D.ask(P(claims, changes))
    expect([status, challenges]).toEqual(
      text === undefined ? [200, []] : [401, [V(`The DPoP proof ${text}`)]],
    )
  })

  test('accepts a bound token without proof in the phase in which the issuer binds already', async () => {
    const validateConfirmation = false
    const tokenValidationParameters = {
      ...trusting.tokenValidationParameters,
      validateConfirmation,
    }
    const app = await start(express, { tokenValidationParameters })
    expect(await app.ask([], { authorization: `Bearer ${B}` })).toMatchObject({ status: 200 })
    expect(app.results[0]).toMatchObject({ confirmations: [] })
    for (const cnf of ['x', null, { jkt: 5 }]) {
      const authorization = `Bearer ${tokenOf({ cnf })}`
      expect(await app.ask([], { authorization })).toMatchObject({ status: 200 })
    }
  })

  const malformed = 'Bearer error="invalid_token"'
  test.each<[cnf: unknown, challenge: string | undefined]>([
    [{ jwk: {} }, undefined],
    [{ kid: '1' }, undefined],
    [{ jku: 'https://evil.example', xms_ksl: 'sw' }, undefined],
    [{}, undefined],
    [{ jkt: 5 }, malformed],
    [{ jkt: '' }, malformed],
    [{ jkt: null }, malformed],
    [{ jkt: [K.thumbprint] }, malformed],
    [{ 'x5t#S256': 5 }, malformed],
    [{ 'x5t#S256': '' }, malformed],
    [{ jkt: 'x', 'x5t#S256': null }, malformed],
    ['x', malformed],
    [5, malformed],
    [false, malformed],
    [null, malformed],
    [[], malformed],
    [[{ jkt: 'x' }], malformed],
    [{ jkt: K.thumbprint }, bound],
    [{ 'x5t#S256': 'x' }, bound],
    [{ jkt: 'x', 'x5t#S256': 'x', jwk: {} }, bound],
  ])('reads cnf %j of a bearer token', async (cnf, challenge) => {
    const app = await start(express, {})
    const asked = { authorization: `Bearer ${tokenOf({ cnf })}` }
    // The second time the token may be remembered.
    for (let use = 0; use < 2; use += 1) {
      const { status, challenges } = await app.ask([], asked)
      expect([status, challenges]).toEqual(challenge === undefined ? [200, []] : [401, [challenge]])
    }
  })

  test('asks for the proof at every use, remembered token or not', async () => {
    expect((await D.ask(P())).status).toBe(200)
    expect((await D.ask(P({ htm: 'POST' }))).status).toBe(401)
    expect((await D.ask()).status).toBe(401)
    expect((await D.ask(P())).status).toBe(200)
    const X = await setUp(both)
    expect((await X.ask(P())).status).toBe(200)
    expect((await X.ask([], { authorization: `Bearer ${B}` })).challenges[0]).toBe(bound)
  })

  test('holds a proof against the setting, whatever the request says of its host', async () => {
    const app = await start(express, { proofOfPossession: fixtureDpop() }, (it) => {
      it.set('trust proxy', true)
    })
    const headers = [
      ['Host', 'evil.example'],
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Proto', 'https'],
      ['Forwarded', 'host=evil.example;proto=https'],
    ] as const
    const stolen = await app.ask(P({ htu: 'https://evil.example/p' }), { headers })
    expect([stolen.status, stolen.challenges]).toEqual([
      401,
      [V('The DPoP proof has the wrong htu')],
    ])
    expect((await app.ask(P(), { headers })).status).toBe(200)
  })

  test('takes the prefix of the setting, and the whole path of a mounted app', async () => {
    const proofOfPossession = fixtureDpop({ publicUrl: `${publicUrl}/gw` })
    const app = await start(express, { proofOfPossession }, undefined, '/v1')
    const path = '/v1/p'
    expect((await app.ask(P({ htu: `${publicUrl}/gw/v1/p` }), { path })).status).toBe(200)
    for (const htu of ['/v1/p', '/gw/p', '/p', '/gw/v1/p/']) {
      expect((await app.ask(P({ htu: publicUrl + htu }), { path })).status).toBe(401)
    }
  })

  test('lets a proof in once', async () => {
    const proof = P()
    expect((await D.ask(proof)).status).toBe(200)
    const again = await D.ask(proof)
    expect([again.status, again.challenges]).toEqual([401, [V('The DPoP proof was used before')]])
  })

  test('spends a proof on public routes too', async () => {
    const proof = P({ htu: `${publicUrl}/open` })
    const path = '/open'
    expect(await D.ask(proof, { path })).toMatchObject({ status: 200, body: '{"user":"alice"}' })
    expect(await D.ask(proof, { path })).toMatchObject({ status: 200, body: '{"user":null}' })
  })

  test('does not spend a proof that fails', async () => {
    const jti = 'one'
    expect((await D.ask(P({ jti, iat: N - 91 }))).status).toBe(401)
    expect((await D.ask(P({ jti, ath: sha256(U) }))).status).toBe(401)
    expect((await D.ask(P({ jti }))).status).toBe(200)
    expect((await D.ask(P({ jti }))).status).toBe(401)
  })

  test('remembers a proof from the future for as long as it could pass', async () => {
    let now = N
    const time = () => now * 1000
    const app = await setUp({ clock: time })
    const proof = P({ iat: N + 30 })
    expect((await app.ask(proof)).status).toBe(200)
    now = N + 119
    expect((await app.ask(proof)).challenges).toEqual([V('The DPoP proof was used before')])
    now = N + 121
    expect((await app.ask(proof)).challenges).toEqual([V('The DPoP proof is not current')])
  })

  test.each<[name: string, addIfAbsent: () => unknown, status: number]>([
    [
      'throws',
      () => {
        throw new Error('down')
      },
      500,
    ],
    ['rejects', () => Promise.reject(new Error('down')), 500],
    ['gives undefined', () => undefined, 401],
    ['gives a text', () => 'true', 401],
  ])('lets nobody in when the replay cache %s', async (_name, addIfAbsent, status) => {
    const app = await setUp({ replayCache: { addIfAbsent } as never })
    const answer = await app.ask(P())
    expect(answer.status).toBe(status)
    expect(answer.challenges).toEqual(status === 500 ? [] : [V('The DPoP proof was used before')])
    const open = await app.ask(P({ htu: `${publicUrl}/open` }), { path: '/open' })
    expect(open).toMatchObject({ status: 200, body: '{"user":null}' })
  })

  test('lets nobody in when a memory cache is full of live entries', async () => {
    let now = N
    const time = () => now * 1000
    const replayCache = createMemoryReplayCache({ maxEntries: 2, clock: time })
    const app = await setUp({ replayCache, clock: time })
    const statuses = async () => (await app.ask(P({ iat: now }))).status
    expect([await statuses(), await statuses(), await statuses()]).toEqual([200, 200, 500])
    now = N + 200
    expect(await statuses()).toBe(200)
  })

  test('accepts a proof twice where nobody remembers proofs', async () => {
    const app = await setUp({ replayCache: false })
    const proof = P()
    expect((await app.ask(proof)).status).toBe(200)
    expect((await app.ask(proof)).status).toBe(200)
  })

  test('lets one of 50 uses of one proof in', async () => {
    const proof = P()
    const answers = await Promise.all(Array.from({ length: 50 }, () => D.ask(proof)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(49)
  })

  describe('nonces', () => {
    let now: number
    const required = `DPoP error="use_dpop_nonce", error_description="A DPoP nonce is required", ${A}`
    const withNonce = (more: Partial<DpopOptions> = {}, options: JwtBearerOptions = {}) => {
      now = N
      return setUp({ nonce: { secret }, clock: () => now * 1000, ...more }, options)
    }
    const nonceOf = async (app: Fixture, asked: Asked = {}) =>
      (await app.ask([], asked)).header('DPoP-Nonce') ?? ''

    test('are asked for, and then taken for the time', async () => {
      const app = await withNonce()
      const first = await app.ask(P())
      expect([first.status, first.challenges]).toEqual([401, [required]])
      const nonce = first.header('DPoP-Nonce') ?? ''
      expect(nonce).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/)
      const second = await app.ask(P({ nonce, iat: N - 3600 }))
      expect([second.status, second.header('DPoP-Nonce')]).toEqual([200, undefined])
    })

    test('come with every 401 of the scheme', async () => {
      const app = await withNonce(both)
      for (const authorization of [undefined, `Bearer ${B}`, 'DPoP x', 'Basic x']) {
        expect(await nonceOf(app, { authorization })).toMatch(/^[\w.-]+$/)
      }
      const nonce = await nonceOf(app)
      const gold = P({ nonce, htu: `${publicUrl}/gold` })
      expect((await app.ask(gold, { path: '/gold' })).header('DPoP-Nonce')).toMatch(/^[\w.-]+$/)
      expect(
        (await app.ask([], { authorization: 'DPoP a b' })).header('DPoP-Nonce'),
      ).toBeUndefined()
    })

    test('stand in the error that an answer travels in', async () => {
      const app = await withNonce()
      const nonce = await nonceOf(app)
      expect(app.errors[0]?.headers).toMatchObject({ 'DPoP-Nonce': nonce })
    })

    test.each([
      [150, 200, false],
      [151, 200, true],
      [300, 200, true],
      [301, 401, true],
    ])('are renewed in time: %i s old', async (age, status, renewed) => {
      const app = await withNonce()
      const nonce = await nonceOf(app)
      now += age
      const answer = await app.ask(P({ nonce }))
      expect(answer.status).toBe(status)
      const fresh = answer.header('DPoP-Nonce')
      expect(fresh !== undefined && fresh !== nonce).toBe(renewed)
      if (renewed) expect(answer.header('Cache-Control')).toBe('no-store')
      if (status === 401) expect(answer.challenges).toEqual([required])
      if (renewed) expect((await app.ask(P({ nonce: fresh }))).status).toBe(200)
    })

    test('are not renewed by a proof that makes none', async () => {
      const app = express()
      const proofOfPossession = { ...fixtureDpop(), prove: () => true }
      app.use(jwtBearer({ ...trusting, proofOfPossession }), authorize())
      app.get('/', (_req, res) => void res.end())
      const answer = await request(app)
        .get('/')
        .set({ Authorization: `DPoP ${B}`, DPoP: P() })
      expect([answer.status, answer.headers['dpop-nonce']]).toEqual([200, undefined])
      expect(answer.headers['cache-control']).toBeUndefined()
    })

    test('are renewed by a guard alone, which a handler may overrule', async () => {
      now = N
      const app = express()
      app.use(
        jwtBearer({
          ...trusting,
          proofOfPossession: fixtureDpop({ nonce: { secret }, clock: () => now * 1000 }),
        }),
      )
      app.get('/open', (_req, res) => void res.end())
      app.get('/p', authorize(), (_req, res) => {
        res.set('Cache-Control', 'private').end()
      })
      const first = await request(app).get('/p')
      const nonce = first.headers['dpop-nonce']
      now += 200
      const at = (path: string) =>
        request(app)
          .get(path)
          .set({ Authorization: `DPoP ${B}`, DPoP: P({ nonce, htu: publicUrl + path }) })
      const open = await at('/open')
      expect([open.status, open.headers['dpop-nonce']]).toEqual([200, undefined])
      const guarded = await at('/p')
      expect(guarded.headers['dpop-nonce']).toMatch(/^[\w.-]+$/)
      expect(guarded.headers['cache-control']).toBe('private')
    })

    test.each([
      ['another secret', (nonce: string) => nonce, `${secret}!`],
      [
        'one character changed',
        (nonce: string) => nonce.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
        secret,
      ],
    ])('are not taken with %s', async (_name, change, other) => {
      const app = await withNonce()
      const nonce = change(await nonceOf(await withNonce({ nonce: { secret: other } })))
      expect((await app.ask(P({ nonce }))).challenges).toEqual([required])
    })

    test('are named even where challenges say nothing else', async () => {
      const app = await withNonce({}, { includeErrorDetails: false })
      expect((await app.ask(P())).challenges).toEqual([`DPoP error="use_dpop_nonce", ${A}`])
      const nonce = await nonceOf(app)
      expect((await app.ask(P({ nonce, htm: 'x' }))).challenges).toEqual([plain])
    })

    test('can be read by pages of other origins', async () => {
      now = N
      const cors = (app: ReturnType<typeof express>) => {
        app.use((_req, res, next) => {
          res.set('Access-Control-Allow-Origin', 'https://page.example')
          next()
        })
      }
      const proofOfPossession = fixtureDpop({ nonce: { secret }, clock: () => now * 1000 })
      const app = await start(express, { proofOfPossession }, cors)
      const refused = await app.ask()
      expect(refused.header('Access-Control-Expose-Headers')).toBe('WWW-Authenticate, DPoP-Nonce')
      now += 200
      const passed = await app.ask(P({ nonce: refused.header('DPoP-Nonce') }))
      expect(passed.header('Access-Control-Expose-Headers')).toBe('DPoP-Nonce')
      const onChallenge = ({ res }: ChallengeContext) => void res.status(401).end()
      const own = await start(express, { proofOfPossession, events: { onChallenge } }, cors)
      const answered = (await own.ask()).header('Access-Control-Expose-Headers')
      expect(answered).toBe('WWW-Authenticate, DPoP-Nonce')
    })
  })

  test('forbids with the credentials that the caller came with', async () => {
    const path = '/write'
    const X = await setUp(both)
    const proof = () => P({ htu: `${publicUrl}/write` })
    for (const app of [D, X]) {
      const { status, challenges } = await app.ask(proof(), { path })
      expect([status, challenges]).toEqual([
        403,
        [`DPoP error="insufficient_scope", scope="write", ${A}`],
      ])
    }
    const bearer = await X.ask([], { path, authorization: `Bearer ${U}` })
    expect(bearer.challenges).toEqual(['Bearer error="insufficient_scope", scope="write"'])
  })

  test('asks for another sign-in with the credentials that the caller came with', async () => {
    const X = await setUp(both)
    const parameters =
      'error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="gold"'
    const { status, challenges } = await X.ask(P({ htu: `${publicUrl}/gold` }), { path: '/gold' })
    expect([status, challenges]).toEqual([401, [`DPoP ${parameters}, ${A}`]])
    const bearer = await X.ask([], { path: '/gold', authorization: `Bearer ${U}` })
    expect(bearer.challenges).toEqual([`Bearer ${parameters}`])
  })

  test('names scope, realm and metadata to both kinds of credentials', async () => {
    const shared = { realm: 'api', resourceMetadata: 'https://api.example.com/.well-known/x' }
    const X = await setUp(both, shared)
    const { challenges } = await X.ask(P({ htm: 'x' }), { path: '/write' })
    const metadata = 'resource_metadata="https://api.example.com/.well-known/x"'
    expect(challenges).toEqual([
      `Bearer realm="api", scope="write", ${metadata}`,
      `DPoP realm="api", error="invalid_dpop_proof", error_description="The DPoP proof has the wrong htm", scope="write", ${A}, ${metadata}`,
    ])
  })

  test('runs onChallenge once, and says to the caller’s kind what it sets', async () => {
    const seen: unknown[] = []
    const options: JwtBearerOptions = {
      events: {
        onChallenge: (context) => {
          seen.push(context.credentials)
          context.errorDescription = 'see the page'
          context.errorUri = 'https://api.example.com/help'
          context.scope = 'read'
        },
      },
    }
    const X = await setUp(both, options)
    const set =
      'error_description="see the page", error_uri="https://api.example.com/help", scope="read"'
    const dpopOnly = await X.ask(P({ htm: 'x' }))
    expect(dpopOnly.challenges).toEqual([
      'Bearer scope="read"',
      `DPoP error="invalid_dpop_proof", ${set}, ${A}`,
    ])
    const bearer = await X.ask([], { authorization: 'Bearer x' })
    expect(bearer.challenges).toEqual([
      `Bearer error="invalid_token", ${set}`,
      `DPoP scope="read", ${A}`,
    ])
    const nobody = await X.ask([], { authorization: undefined })
    expect(nobody.challenges).toEqual([`Bearer ${set}`, `DPoP scope="read", ${A}`])
    const broken = await X.ask([], { authorization: 'DPoP a b' })
    expect(broken.challenges).toEqual([
      `Bearer error="invalid_request", ${set}`,
      `DPoP error="invalid_request", ${set}, ${A}`,
    ])
    expect(seen).toEqual(['DPoP', 'Bearer', undefined, 'DPoP'])
  })

  test.each([
    ['a bound one', B, both, ['401', bound, plain]],
    ['an unbound one', U, both, ['200']],
    ['one where Bearer is not read', U, {}, ['401', plain]],
    ['a bound one where Bearer is not read', B, {}, ['401', plain]],
  ])(
    'takes a token that an event brings for a bearer token: %s',
    async (_name, token, more, expected) => {
      const events = {
        onMessageReceived: (context: { token: string | undefined }) => void (context.token = token),
      }
      const app = await setUp(more, { events })
      const { status, challenges } = await app.ask(P(), { authorization: undefined })
      expect([String(status), ...challenges]).toEqual(expected)
    },
  )

  test('changes nothing when an event sets the token that is there', async () => {
    const events = {
      onMessageReceived: (context: { token: string | undefined }) => void (context.token = B),
    }
    const app = await setUp({}, { events })
    expect((await app.ask(P())).status).toBe(200)
  })

  test('lets a caller without credentials through an optional guard, and no bad proof', async () => {
    const app = express()
    app.use(jwtBearer({ ...trusting, proofOfPossession: fixtureDpop() }))
    app.get(
      '/p',
      authorize({ optional: true }),
      (req, res) => void res.json(req.user?.subject ?? null),
    )
    const at = (headers: Record<string, string>) => request(app).get('/p').set(headers)
    expect((await at({ Authorization: `Bearer ${B}` })).status).toBe(200)
    expect((await at({ Authorization: `DPoP ${B}`, DPoP: P() })).body).toBe('alice')
    expect((await at({ Authorization: `DPoP ${B}` })).status).toBe(401)
  })

  test('says everything in the error where a handler asks for the caller', async () => {
    const middleware = jwtBearer({
      ...trusting,
      proofOfPossession: fixtureDpop({ nonce: { secret } }),
    })
    const app = createApp(express, middleware)
    app.get('/who', (req, res) => void res.json(middleware.user(req).subject))
    const answer = await request(app).get('/who')
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(plain)
    expect(answer.headers['dpop-nonce']).toMatch(/^[\w.-]+$/)
  })

  test('tells onAuthenticationFailed which addresses would have been right', async () => {
    const seen: unknown[] = []
    const app = await setUp(
      {},
      {
        events: { onAuthenticationFailed: ({ error }) => void seen.push(error) },
      },
    )
    await app.ask(P({ htu: 'https://other.example/p?secret=1' }))
    expect(seen[0]).toMatchObject({
      code: 'ERR_PROOF_INVALID',
      reason: 'htu',
      expected: ['https://api.example.com/p'],
      received: 'https://other.example/p',
    })
  })

  test('keeps two schemes apart, each with its own proof', async () => {
    const proofOfPossession = fixtureDpop()
    const app = express()
    app.use(jwtBearer({ ...trusting, scheme: 'Bound', proofOfPossession }))
    app.use(jwtBearer({ ...trusting }))
    app.get('/p', authorize({ schemes: 'Bound' }), (req, res) => void res.json(req.user?.scheme))
    app.get('/any', authorize(), (req, res) => void res.json(req.user?.scheme))
    const at = (path: string, headers: Record<string, string>) =>
      request(app).get(path).set(headers)
    const owner = { Authorization: `DPoP ${B}`, DPoP: P() }
    expect((await at('/p', owner)).body).toBe('Bound')
    expect((await at('/p', { Authorization: `Bearer ${U}` })).headers['www-authenticate']).toBe(
      plain,
    )
    expect((await at('/any', { Authorization: `Bearer ${U}` })).body).toBe('Bearer')
    const refused = await at('/any', {})
    expect(refused.headers['www-authenticate']).toBe(`${plain}, Bearer`)
  })

  test('asks for the key and the certificate where a token names both', async () => {
    const certificate = Buffer.from('certificate')
    const thumbprint = sha256('certificate')
    const token = tokenOf({ cnf: { jkt: K.thumbprint, 'x5t#S256': thumbprint } })
    const authorization = `DPoP ${token}`
    let shown: Buffer | undefined = certificate
    const tls = clientCertificate({ certificate: () => shown })
    const app = await start(express, { proofOfPossession: [fixtureDpop(), tls] })
    const proof = P({ jti: 'one' }, { token })
    shown = undefined
    const another =
      'DPoP error="invalid_token", error_description="The token is bound to another certificate"'
    expect((await app.ask(proof, { authorization })).challenges).toEqual([`${another}, ${A}`])
    shown = certificate
    expect((await app.ask(proof, { authorization })).status).toBe(200)
    expect(app.results[0]).toMatchObject({
      confirmations: [
        { method: 'jkt', thumbprint: K.thumbprint },
        { method: 'x5t#S256', thumbprint },
      ],
    })
    expect((await app.ask(proof, { authorization })).challenges).toEqual([
      V('The DPoP proof was used before'),
    ])
    const unproved = `DPoP error="invalid_token", error_description="The token is bound and must be used with its proof", ${A}`
    expect((await D.ask(P({}, { token }), { authorization })).challenges).toEqual([unproved])
  })

  test('judges each issuer’s tokens by the proofs of the scheme', async () => {
    const issuers = [
      { audience: publicUrl, tokenValidationParameters: trusting.tokenValidationParameters },
    ]
    const options = { audience: undefined, tokenValidationParameters: undefined, issuers }
    const app = await setUp({}, options)
    expect((await app.ask(P())).status).toBe(200)
    expect((await app.ask()).status).toBe(401)
  })

  test('takes it for a fault when an issuer of a function turns the check off', async () => {
    const validateConfirmation = false
    const tokenValidationParameters = {
      ...trusting.tokenValidationParameters,
      validateConfirmation,
    }
    const app = await setUp(
      {},
      {
        audience: undefined,
        tokenValidationParameters: undefined,
        issuers: () => ({ audience: publicUrl, tokenValidationParameters }),
      },
    )
    expect((await app.ask(P())).status).toBe(500)
    expect(app.errors[0]?.code).toBe('ERR_CONFIGURATION')
  })
})

describe('the examples of RFC 9449', () => {
  const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
  const proof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA'
  const tokenEndpointProof =
    'eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg'
  const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I'
  const asked = (dpopProof: string) => ({
    method: 'GET',
    url: '/protectedresource',
    headers: { authorization: `DPoP ${token}`, dpop: dpopProof },
  })

  function resource(now: number, publicUrl = 'https://resource.example.org') {
    const answer = { active: true, aud: 'api', cnf: { jkt } }
    return jwtBearer({
      audience: 'api',
      clock: () => now,
      proofOfPossession: dpop({ publicUrl, replayCache: createMemoryReplayCache() }),
      introspection: introspection({
        introspectionEndpoint: 'https://issuer.example/introspect',
        clientId: 'api',
        clientSecret: 'a secret of the tests',
        tokens: 'all',
        fetch: () => Promise.resolve(Response.json(answer)),
      }),
      tokenValidationParameters: { validateIssuer: false },
    })
  }

  test('section 7.1: an opaque token with its proof is accepted while the proof is current', async () => {
    const result = await resource(1_562_262_618_000).authenticate(asked(proof))
    expect(result).toMatchObject({
      kind: 'success',
      confirmations: [{ method: 'jkt', thumbprint: jkt }],
    })
    const late = await resource(1_562_262_618_000 + 91_000).authenticate(asked(proof))
    expect(late).toMatchObject({ error: { code: 'ERR_PROOF_INVALID', reason: 'iat' } })
  })

  test('section 7.1: an opaque token that is bound is no bearer token', async () => {
    const bearer = { headers: { authorization: `Bearer ${token}` } }
    const result = await resource(1_562_262_618_000).authenticate(bearer)
    expect(result.kind).toBe('none')
  })

  test('section 5: a proof for a token endpoint has no ath', async () => {
    const { authenticate } = resource(1_562_262_616_000, 'https://server.example.com')
    const request = { ...asked(tokenEndpointProof), method: 'POST', url: '/token' }
    expect(await authenticate(request)).toMatchObject({ error: { reason: 'ath' } })
  })
})

describe('authenticate() outside Express', () => {
  const { authenticate } = jwtBearer({ ...trusting, proofOfPossession: fixtureDpop() })
  const headers = () => ({ authorization: `DPoP ${B}`, dpop: P() })

  test.each<[name: string, request: () => object, outcome: string]>([
    [
      'a request of Node’s kind',
      () => ({ method: 'GET', url: '/p', headers: headers() }),
      'success',
    ],
    [
      'a Fetch request',
      () => new Request('http://127.0.0.1/p?a=1', { headers: headers() }),
      'success',
    ],
    [
      'Fetch headers',
      () => ({ method: 'GET', url: '/p', headers: new Headers(headers()) }),
      'success',
    ],
    ['a request without a method', () => ({ url: '/p', headers: headers() }), 'ERR_PROOF_INVALID'],
    [
      'a request without a target',
      () => ({ method: 'GET', headers: headers() }),
      'ERR_PROOF_INVALID',
    ],
    ['headers alone', () => new Headers(headers()), 'ERR_PROOF_INVALID'],
    [
      'two proofs',
      () => ({ method: 'GET', url: '/p', headers: { ...headers(), DPoP: P() } }),
      'ERR_PROOF_INVALID',
    ],
    ['bearer credentials', () => ({ headers: { authorization: `Bearer ${B}` } }), 'none'],
  ])('reads %s', async (_name, given, outcome) => {
    const result = await authenticate(given() as never)
    const { error } = result as { error?: { code?: string } }
    expect(error?.code ?? result.kind).toBe(outcome)
  })
})

describe('the option proofOfPossession', () => {
  test.each<[name: string, options: () => JwtBearerOptions, text: string]>([
    [
      'two dpop()',
      () => ({ proofOfPossession: [fixtureDpop(), fixtureDpop()] }),
      '"proofOfPossession" holds two',
    ],
    [
      'two clientCertificate()',
      () => ({ proofOfPossession: [clientCertificate(), clientCertificate()] }),
      '"x5t#S256"',
    ],
    ['none', () => ({ proofOfPossession: [] }), '"proofOfPossession" must not be empty'],
    [
      'dpop uncalled',
      () => ({ proofOfPossession: dpop as never }),
      'what dpop() and clientCertificate() return',
    ],
    [
      'an object',
      () => ({ proofOfPossession: {} as never }),
      'what dpop() and clientCertificate() return',
    ],
    [
      'null',
      () => ({ proofOfPossession: null as never }),
      'what dpop() and clientCertificate() return',
    ],
    ['nothing in a list', () => ({ proofOfPossession: [undefined] as never }), 'got undefined'],
    [
      'the check turned off beside it',
      () => ({
        proofOfPossession: fixtureDpop(),
        tokenValidationParameters: {
          ...trusting.tokenValidationParameters,
          validateConfirmation: false,
        },
      }),
      '"tokenValidationParameters.validateConfirmation" is false',
    ],
    [
      'the check turned off by one issuer',
      () => ({
        proofOfPossession: fixtureDpop(),
        audience: undefined,
        tokenValidationParameters: undefined,
        issuers: [
          {
            audience: publicUrl,
            tokenValidationParameters: {
              ...trusting.tokenValidationParameters,
              validateConfirmation: false,
            },
          },
        ],
      }),
      'validateConfirmation" is false',
    ],
    [
      'a check that is no switch',
      () => ({
        tokenValidationParameters: {
          ...trusting.tokenValidationParameters,
          validateConfirmation: 'no' as never,
        },
      }),
      '"tokenValidationParameters.validateConfirmation" must be true or false',
    ],
  ])('refuses %s', (_name, options, text) => {
    const error = setUpError(() => jwtBearer({ ...trusting, ...options() }))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(error.message).toContain(text)
  })

  test('may serve several schemes with one value', () => {
    const proofOfPossession = fixtureDpop()
    expect(() => [
      jwtBearer({ ...trusting, proofOfPossession }),
      jwtBearer({ ...trusting, scheme: 'B', proofOfPossession }),
    ]).not.toThrow()
    expect(clock()).toBe(N * 1000)
  })
})
