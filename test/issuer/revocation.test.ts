import { createKeyRing, type DenyList } from 'express-jwt-bearer/issuer'
import { SignJWT, type JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import { claimsOf, secret, setUp, tokensOf } from './set-up.js'

const revoked = { kind: 'failure', error: { code: 'ERR_TOKEN_REVOKED' } }
const refused = { kind: 'refused', reason: 'revokedPresented' }
const welcome = { kind: 'success' }

describe('revoke', () => {
  test('ends the session of a refresh token, live access tokens included', async () => {
    const { issuer, caller } = setUp()
    const first = await issuer.issue('alice')
    const second = tokensOf(await issuer.refresh(first.refreshToken))
    const other = await issuer.issue('alice')
    expect(await caller(first)).toMatchObject(welcome)
    await issuer.revoke(first.refreshToken)
    expect(await caller(first)).toMatchObject(revoked)
    expect(await caller(second)).toMatchObject(revoked)
    expect(await issuer.refresh(second.refreshToken)).toMatchObject(refused)
    expect(await caller(other)).toMatchObject(welcome)
  })

  test('keeps a revoked access token out for as long as its verifiers are lenient', async () => {
    const { issuer, caller, passTime } = setUp({ accessTokenJitter: 0 })
    const tokens = await issuer.issue('alice')
    await issuer.revoke(tokens.refreshToken)
    passTime(899)
    expect(await caller(tokens)).toMatchObject(revoked)
  })

  test('revokes a single access token and leaves its session alone', async () => {
    const { issuer, caller } = setUp()
    const first = await issuer.issue('alice')
    const second = tokensOf(await issuer.refresh(first.refreshToken))
    await issuer.revoke(first.accessToken)
    expect(await caller(first)).toMatchObject(revoked)
    expect(await caller(second)).toMatchObject(welcome)
    expect(await issuer.refresh(second.refreshToken)).toMatchObject(welcome)
  })

  test('revokes an access token that only the clock skew keeps alive', async () => {
    const { issuer, caller, passTime } = setUp({ accessTokenJitter: 0 })
    const tokens = await issuer.issue('alice')
    passTime(899)
    expect(await caller(tokens)).toMatchObject(welcome)
    await issuer.revoke(tokens.accessToken)
    expect(await caller(tokens)).toMatchObject(revoked)
  })

  test.each([
    ['nothing', undefined],
    ['nonsense', 'nonsense'],
    ['an unknown refresh token', `${'a'.repeat(22)}.${'b'.repeat(43)}`],
  ])('takes %s without complaint', async (_case, token) => {
    await expect(setUp().issuer.revoke(token as string)).resolves.toBeUndefined()
  })

  test('takes any text without complaint, whoever signed it', async () => {
    const ring = createKeyRing({ clock: () => 1_700_000_000_000 })
    const { issuer } = setUp({ keys: ring })
    const { accessToken } = await issuer.issue('alice')
    const [header = '', payload = '', signature = ''] = accessToken.split('.')
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const headers = ['HS256', 'RS256', 'EdDSA', 'none', 'ES384', 'dir', 17, null, ['ES256']].map(
      (alg) => part({ alg, kid, typ: 'at+jwt' }),
    )
    const texts = [
      ...headers.map((each) => `${each}.${payload}.${signature}`),
      `${part({ alg: 'ES256', kid: { a: 1 } })}.${payload}.${signature}`,
      `${part({ alg: 'ES256', kid, crit: ['x'], x: 1 })}.${payload}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${part([])}.${signature}`,
      `${header}..${signature}`,
      `${accessToken}.a.b`,
      '..',
      '....',
      '\0',
      `a\0${'a'.repeat(20)}.${'b'.repeat(43)}`,
      '\ud800',
      'a'.repeat(100_000),
    ]
    for (const text of texts) await expect(issuer.revoke(text), text).resolves.toBeUndefined()
    for (const text of ['', '\0', '\ud800', '{}', '*']) {
      await expect(issuer.revokeSession(text)).resolves.toBeUndefined()
      await expect(issuer.revokeSubject(text)).resolves.toBeUndefined()
      await expect(issuer.sessions(text)).resolves.toEqual([])
    }
  })

  test.each([
    ['an id that is no text', { jti: 17 }, false],
    ['an end that no calendar has', { exp: 1e300 }, true],
  ])('takes a token of the shared secret with %s', async (_case, claims, isListed) => {
    const { issuer, denyList } = setUp()
    const entries: { readonly lifetime: number }[] = []
    const deny: DenyList['deny'] = (entry) => {
      entries.push(entry)
      return denyList.deny(entry)
    }
    const { issuer: listening } = setUp({ denyList: { ...denyList, deny } })
    const payload = { ...claimsOf(await issuer.issue('alice')), ...claims }
    const token = await new SignJWT(payload as JWTPayload)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(Buffer.from(secret))
    await listening.revoke(token)
    expect(entries).toHaveLength(isListed ? 1 : 0)
    for (const { lifetime } of entries) expect(lifetime).toBeLessThan(4e8)
  })

  test.each([
    ['of another issuer', { iss: 'https://other.test' }, 'at+jwt', secret],
    ['of another type', {}, 'JWT', secret],
    ['with a foreign signature', {}, 'at+jwt', `${secret}!`],
    ['without an id', { jti: undefined }, 'at+jwt', secret],
  ])('keeps an access token %s out of the deny list', async (_case, claims, typ, key) => {
    const { issuer, denyList } = setUp()
    const payload = { iss: 'https://issuer.test', exp: 1_700_000_600, jti: 'theirs', ...claims }
    const token = await new SignJWT(payload as JWTPayload)
      .setProtectedHeader({ alg: 'HS256', typ })
      .sign(Buffer.from(key))
    await issuer.revoke(token)
    expect(await denyList.isDenied({ jti: 'theirs' })).toBe(false)
  })

  test('knows no key for a token of another key ring', async () => {
    const keys = createKeyRing({ clock: () => 1_700_000_000_000 })
    const foreign = await setUp({ keys: createKeyRing() }).issuer.issue('alice')
    const { issuer, denyList } = setUp({ keys })
    await issuer.revoke(foreign.accessToken)
    expect(await denyList.isDenied({ jti: String(claimsOf(foreign)['jti']) })).toBe(false)
  })

  test('reports that keys cannot be had, instead of a token that is not revoked', async () => {
    const down = () => Promise.reject(new Error('store is down'))
    const { issuer } = setUp()
    const { accessToken } = await issuer.issue('alice')
    const keys = { signer: down, jwks: down, verifiers: down, rotate: down }
    await expect(setUp({ keys }).issuer.revoke(accessToken)).rejects.toThrow('store is down')
  })

  test('leaves tokens of other clients alone', async () => {
    const { issuer, caller } = setUp()
    const tokens = await issuer.issue('alice', {}, { clientId: 'phone' })
    await issuer.revoke(tokens.refreshToken, { clientId: 'web' })
    await issuer.revoke(tokens.accessToken, { clientId: 'web' })
    expect(await caller(tokens)).toMatchObject(welcome)
    await issuer.revoke(tokens.accessToken, { clientId: 'phone' })
    expect(await caller(tokens)).toMatchObject(revoked)
    await issuer.revoke(tokens.refreshToken, { clientId: 'phone' })
    expect(await issuer.refresh(tokens.refreshToken)).toMatchObject(refused)
  })

  test('does not pretend to revoke an access token without a deny list', async () => {
    const { issuer } = setUp({ denyList: undefined })
    const tokens = await issuer.issue('alice')
    await expect(issuer.revoke(tokens.accessToken)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
    await issuer.revoke(tokens.refreshToken)
    expect(await issuer.refresh(tokens.refreshToken)).toMatchObject(refused)
  })

  test('says when the deny list is down, and can be called again', async () => {
    const { issuer, denyList, caller } = setUp()
    let down = true
    const flaky = {
      ...denyList,
      deny: (entry: Parameters<typeof denyList.deny>[0]) =>
        down ? Promise.reject(new Error('down')) : denyList.deny(entry),
    }
    const parts = setUp({ denyList: flaky })
    const tokens = await parts.issuer.issue('alice')
    await expect(parts.issuer.revoke(tokens.refreshToken)).rejects.toThrow('down')
    down = false
    await parts.issuer.revoke(tokens.refreshToken)
    expect(await parts.caller(tokens)).toMatchObject(revoked)
    expect(await caller(await issuer.issue('alice'))).toMatchObject(welcome)
  })
})

describe('revokeSession', () => {
  test('ends one session by its id', async () => {
    const { issuer, caller } = setUp()
    const one = await issuer.issue('alice')
    const other = await issuer.issue('alice')
    await issuer.revokeSession(String(claimsOf(one)['sid']))
    expect(await caller(one)).toMatchObject(revoked)
    expect(await issuer.refresh(one.refreshToken)).toMatchObject(refused)
    expect(await caller(other)).toMatchObject(welcome)
  })
})

describe('revokeSubject', () => {
  test('signs out everywhere at once, and a new sign-in within the same second works', async () => {
    const { issuer, caller, passTime } = setUp()
    const old = await issuer.issue('alice')
    passTime(2)
    const recent = await issuer.issue('alice')
    const bob = await issuer.issue('bob')
    await issuer.revokeSubject('alice')
    const fresh = await issuer.issue('alice')
    expect(await caller(old)).toMatchObject(revoked)
    expect(await caller(recent)).toMatchObject(revoked)
    expect(await issuer.refresh(recent.refreshToken)).toMatchObject(refused)
    expect(await caller(fresh)).toMatchObject(welcome)
    expect(await issuer.refresh(fresh.refreshToken)).toMatchObject(welcome)
    expect(await caller(bob)).toMatchObject(welcome)
  })

  test('reaches access tokens of sessions that the store has forgotten', async () => {
    const { issuer, caller, passTime, store } = setUp()
    const tokens = await issuer.issue('alice')
    passTime(1)
    const emptied = { ...store, revokeSubject: () => Promise.resolve([]) }
    const other = setUp({ store: emptied, denyList: undefined })
    await other.issuer.revokeSubject('alice')
    expect(await caller(tokens)).toMatchObject(welcome)
    await issuer.revokeSubject('alice')
    expect(await caller(tokens)).toMatchObject(revoked)
  })

  test('leaves the excepted session signed in', async () => {
    const { issuer, caller, passTime } = setUp()
    const mine = await issuer.issue('alice')
    const other = await issuer.issue('alice')
    passTime(1)
    await issuer.revokeSubject('alice', { except: String(claimsOf(mine)['sid']) })
    expect(await caller(other)).toMatchObject(revoked)
    expect(await caller(mine)).toMatchObject(welcome)
    expect(await issuer.refresh(mine.refreshToken)).toMatchObject(welcome)
  })
})
