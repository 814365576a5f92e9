import express from 'express'
import {
  protectedResourceMetadata,
  type ProtectedResourceOptions,
} from 'express-jwt-bearer/protected-resource'
import request from 'supertest'
import { describe, expect, test } from 'vitest'

const needed = {
  resource: 'https://resource.example.com',
  authorizationServers: ['https://as1.example.com', 'https://as2.example.net'],
} satisfies ProtectedResourceOptions

const wellKnown = '/.well-known/oauth-protected-resource'

interface Answer {
  readonly status: unknown
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: object
}

/** The answer for a path, or what is wrong with the options. */
async function ask(options: object, path = wellKnown): Promise<Answer> {
  try {
    const app = express().use(protectedResourceMetadata({ ...needed, ...options }))
    const { status, body, headers } = (await request(app).get(path)) as Answer
    return { status, body, headers }
  } catch (error) {
    return { status: (error as { code?: string }).code, body: {}, headers: {} }
  }
}

const refused = 'ERR_CONFIGURATION'

describe('RFC 9728', () => {
  // Section, rule, options, member of the document, its value: undefined where it must not be there.
  test.each<[section: string, rule: string, options: object, member: string, value: unknown]>([
    ['2', 'resource is REQUIRED', {}, 'resource', 'https://resource.example.com'],
    [
      '2',
      'authorization_servers is an array of issuer identifiers',
      {},
      'authorization_servers',
      ['https://as1.example.com', 'https://as2.example.net'],
    ],
    [
      '2',
      'jwks_uri may be there',
      { additionalMetadata: { jwks_uri: 'https://resource.example.com/jwks' } },
      'jwks_uri',
      'https://resource.example.com/jwks',
    ],
    ['2', 'jwks_uri is OPTIONAL', {}, 'jwks_uri', undefined],
    [
      '2',
      'scopes_supported is an array of scopes',
      { scopesSupported: ['profile', 'email'] },
      'scopes_supported',
      ['profile', 'email'],
    ],
    ['2', 'bearer_methods_supported names the header', {}, 'bearer_methods_supported', ['header']],
    ['2', 'resource_name is for people', { resourceName: 'R' }, 'resource_name', 'R'],
    [
      '2',
      'resource_documentation is a page',
      { resourceDocumentation: 'https://resource.example.com/docs' },
      'resource_documentation',
      'https://resource.example.com/docs',
    ],
    [
      '2',
      'resource_policy_uri is a page',
      { resourcePolicyUri: 'https://resource.example.com/policy' },
      'resource_policy_uri',
      'https://resource.example.com/policy',
    ],
    [
      '2',
      'resource_tos_uri is a page',
      { resourceTosUri: 'https://resource.example.com/tos' },
      'resource_tos_uri',
      'https://resource.example.com/tos',
    ],
    [
      '2',
      'tls_client_certificate_bound_access_tokens is false where omitted',
      {},
      'tls_client_certificate_bound_access_tokens',
      undefined,
    ],
    [
      '2',
      'authorization_details_types_supported may be there',
      { additionalMetadata: { authorization_details_types_supported: ['payment'] } },
      'authorization_details_types_supported',
      ['payment'],
    ],
    [
      '2',
      'dpop_bound_access_tokens_required is false where omitted',
      {},
      'dpop_bound_access_tokens_required',
      undefined,
    ],
    [
      '2.1',
      'names for people may be in several languages',
      { additionalMetadata: { 'resource_name#it': 'R' } },
      'resource_name#it',
      'R',
    ],
    [
      '2.2',
      'signed_metadata may be there',
      { additionalMetadata: { signed_metadata: 'a.b.c' } },
      'signed_metadata',
      'a.b.c',
    ],
    [
      '3.2',
      'members with zero values are omitted',
      { scopesSupported: [] },
      'scopes_supported',
      undefined,
    ],
    [
      '3.2',
      'so are others',
      { additionalMetadata: { resource_signing_alg_values_supported: [] } },
      'resource_signing_alg_values_supported',
      undefined,
    ],
  ])('section %s: %s', async (_section, _rule, options, member, value) => {
    const { status, body } = await ask(options)
    expect([status, body[member]]).toEqual([200, value])
  })

  // Section, rule, resource, path, answer.
  test.each<[section: string, rule: string, resource: string, path: string, status: unknown]>([
    ['1.2', 'a resource uses https', 'http://resource.example.com', '', refused],
    ['1.2', 'a resource has no fragment', 'https://resource.example.com/#a', '', refused],
    ['1.2', 'a resource may have a query', 'https://a.example/r?k=v', `${wellKnown}/r?k=v`, 200],
    ['3', 'the suffix is appended to a host', 'https://a.example', wellKnown, 200],
    ['3.1', 'the suffix stands before the path', 'https://a.example/r1', `${wellKnown}/r1`, 200],
    ['3.1', 'it does not stand behind it', 'https://a.example/r1', `/r1${wellKnown}`, 404],
    ['3.1', 'a slash that ends the host is removed', 'https://a.example/', wellKnown, 200],
    ['3.1', 'a query stays behind it', 'https://a.example/?k=v', `${wellKnown}?k=v`, 200],
    ['3.1', 'another query is another resource', 'https://a.example/?k=v', `${wellKnown}?k=w`, 404],
  ])('section %s: %s', async (_section, _rule, resource, path, status) => {
    expect((await ask({ resource }, path || wellKnown)).status).toBe(status)
  })

  test('section 3.2: a successful answer is 200 with application/json', async () => {
    const { status, headers } = await ask({})
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'application/json' })
  })

  test.each([
    'https://a.example',
    'https://a.example/',
    'https://a.example/r/',
    'https://a.example/r',
  ])(
    'section 3.3: resource is identical to %s, into which the suffix was inserted',
    async (resource) => {
      const { pathname } = new URL(resource)
      const { body } = await ask({ resource }, `${wellKnown}${pathname === '/' ? '' : pathname}`)
      expect(body['resource']).toBe(resource)
    },
  )

  test.each([
    ['section 7.6: an authorization server is named at least once', { authorizationServers: [] }],
    ['RFC 8414 section 2: an issuer uses https', { authorizationServers: ['http://as.example'] }],
    ['RFC 8414 section 2: an issuer has no query', { authorizationServers: ['https://a.test?b'] }],
    [
      'RFC 8414 section 2: an issuer has no fragment',
      { authorizationServers: ['https://a.test#'] },
    ],
    ['RFC 6749 section 3.3: a scope has no space', { scopesSupported: ['a b'] }],
  ])('%s', async (_rule, options) => {
    expect((await ask(options)).status).toBe(refused)
  })

  test('section 7.10: the document may be kept for a limited time', async () => {
    expect((await ask({})).headers).toMatchObject({ 'cache-control': 'public, max-age=300' })
  })
})
