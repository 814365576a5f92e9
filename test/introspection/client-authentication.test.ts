import { describe, expect, test } from 'vitest'
import {
  resolveAuthentication,
  type Credentials,
} from '../../src/introspection/client-authentication.js'

const request = { endpoint: 'https://issuer.test/introspect' }
const client = { clientId: 'orders-api', clientSecret: 'a secret of this test' }

async function authenticationFor(given: Credentials) {
  return await resolveAuthentication(given)(request)
}

describe('the authentication of a call', () => {
  test.each([
    ['plain names', 'orders-api', 's3cret', 'orders-api:s3cret'],
    ['a colon', 'a:b', 'c:d', 'a%3Ab:c%3Ad'],
    ['blanks and percent signs', 'a b', '100% c', 'a+b:100%25+c'],
    ['letters beyond ASCII', 'ä', '€', '%C3%A4:%E2%82%AC'],
    ['what forms leave alone', 'a-b_c.d*', 'e', 'a-b_c.d*:e'],
  ])('is form-encoded before base64: %s', async (_case, clientId, clientSecret, expected) => {
    const { headers } = await authenticationFor({ clientId, clientSecret })
    const [, encoded = ''] = new Headers(headers).get('Authorization')?.split('Basic ') ?? []
    expect(Buffer.from(encoded, 'base64').toString()).toBe(expected)
  })

  test('goes into the form when it shall', async () => {
    const given = { ...client, clientAuthentication: 'client_secret_post' as const }
    expect(await authenticationFor(given)).toEqual({
      body: { client_id: client.clientId, client_secret: client.clientSecret },
    })
  })

  test('is left to a function, which is told the address alone', async () => {
    const seen: unknown[] = []
    const clientAuthentication = (asked: unknown) => {
      seen.push(asked)
      return Promise.resolve({ headers: { Authorization: 'Bearer x' } })
    }
    const answer = await authenticationFor({ clientId: 'orders-api', clientAuthentication })
    expect(answer).toEqual({ headers: { Authorization: 'Bearer x' } })
    expect(seen).toEqual([request])
  })

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'got undefined'],
    ['null', null, 'got null'],
    ['a text', 'Bearer x', 'got a string'],
    ['a fetch that is none', { fetch: 'x' }, '"clientAuthentication().fetch"'],
  ])('is a fault of ours when the function returns %s', async (_case, returned, message) => {
    const clientAuthentication = (() => returned) as never
    const authenticate = resolveAuthentication({ clientId: 'orders-api', clientAuthentication })
    await expect(async () => authenticate(request)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining(message) as string,
    })
  })
})
