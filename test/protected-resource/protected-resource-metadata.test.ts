import { ConfigurationError } from 'express-jwt-bearer'
import {
  protectedResourceMetadata,
  type ProtectedResourceOptions,
} from 'express-jwt-bearer/protected-resource'
import { describe, expect, test } from 'vitest'

const needed = {
  resource: 'https://api.example.com/mcp',
  authorizationServers: ['https://idp.test/'],
} satisfies ProtectedResourceOptions

function faultOf(options: object): string {
  try {
    protectedResourceMetadata({ ...needed, ...options })
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return (error as Error).message
  }
  return 'no fault'
}

describe('protectedResourceMetadata', () => {
  test('publishes the resource and its issuers exactly as written, and that tokens come in the header', () => {
    const { resource, metadataUrl, document } = protectedResourceMetadata(needed)
    expect(resource).toBe('https://api.example.com/mcp')
    expect(metadataUrl).toBe('https://api.example.com/.well-known/oauth-protected-resource/mcp')
    expect(document).toEqual({
      resource: 'https://api.example.com/mcp',
      authorization_servers: ['https://idp.test/'],
      bearer_methods_supported: ['header'],
    })
  })

  test('publishes every other option under its registered name', () => {
    const additionalMetadata = {
      jwks_uri: 'https://api.example.com/jwks',
      'resource_name#de': 'Bestellungen',
      authorization_details_types_supported: ['payment'],
      signed_metadata: 'a.b.c',
    }
    const { document } = protectedResourceMetadata({
      ...needed,
      authorizationServers: ['https://idp.test', 'http://localhost:3000/realms/a'],
      scopesSupported: ['mcp.use', 'mcp.admin', 'mcp.use'],
      resourceName: 'Orders',
      resourceDocumentation: 'https://example.com/docs?v=1#orders',
      resourcePolicyUri: 'http://example.com/policy',
      resourceTosUri: 'https://example.com/terms',
      additionalMetadata,
    })
    expect(document).toEqual({
      resource: 'https://api.example.com/mcp',
      authorization_servers: ['https://idp.test', 'http://localhost:3000/realms/a'],
      scopes_supported: ['mcp.use', 'mcp.admin'],
      bearer_methods_supported: ['header'],
      resource_name: 'Orders',
      resource_documentation: 'https://example.com/docs?v=1#orders',
      resource_policy_uri: 'http://example.com/policy',
      resource_tos_uri: 'https://example.com/terms',
      ...additionalMetadata,
    })
  })

  test('leaves out members without values', () => {
    const { document } = protectedResourceMetadata({
      ...needed,
      scopesSupported: [],
      resourceName: undefined,
      proofOfPossession: [],
      additionalMetadata: { jwks_uri: undefined, signed_metadata: null, types: [], zero: 0 },
    })
    expect(Object.keys(document)).toEqual([
      'resource',
      'authorization_servers',
      'bearer_methods_supported',
      'zero',
    ])
  })

  test('takes undefined for the default of every option', () => {
    const made = protectedResourceMetadata({
      ...needed,
      scopesSupported: undefined,
      resourceName: undefined,
      resourceDocumentation: undefined,
      resourcePolicyUri: undefined,
      resourceTosUri: undefined,
      proofOfPossession: undefined,
      additionalMetadata: undefined,
      metadataUrl: undefined,
      root: undefined,
      maxAge: undefined,
    })
    expect(made.document).toEqual(protectedResourceMetadata(needed).document)
    expect(made.metadataUrl).toBe(protectedResourceMetadata(needed).metadataUrl)
  })

  test('freezes the document to the bottom, and copies what it was given', () => {
    const scopesSupported = ['mcp.use']
    const authorizationServers = ['https://idp.test/']
    const details = { types: ['payment'] }
    const resource = protectedResourceMetadata({
      ...needed,
      authorizationServers,
      scopesSupported,
      additionalMetadata: { details },
    })
    const before = JSON.stringify(resource.document)
    for (const list of [scopesSupported, authorizationServers, details.types]) list.push('more')
    expect(JSON.stringify(resource.document)).toBe(before)
    const inner = resource.document['details'] as typeof details
    expect(() => inner.types.push('more')).toThrow(TypeError)
    expect(() => Object.assign(resource.document, { resource: 'x' })).toThrow(TypeError)
    expect(() => Object.assign(resource, { metadataUrl: 'x' })).toThrow(TypeError)
  })

  test.each([
    ['https://a.example', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/', 'https://a.example/.well-known/oauth-protected-resource'],
    ['https://a.example/mcp', 'https://a.example/.well-known/oauth-protected-resource/mcp'],
    ['https://a.example/mcp/', 'https://a.example/.well-known/oauth-protected-resource/mcp/'],
    ['https://a.example/a/b', 'https://a.example/.well-known/oauth-protected-resource/a/b'],
    ['https://a.example/r?t=1', 'https://a.example/.well-known/oauth-protected-resource/r?t=1'],
    ['https://a.example/r/?t=1', 'https://a.example/.well-known/oauth-protected-resource/r/?t=1'],
    ['https://a.example/?t=1', 'https://a.example/.well-known/oauth-protected-resource?t=1'],
    ['https://a.example:8443/x', 'https://a.example:8443/.well-known/oauth-protected-resource/x'],
    ['http://localhost:3004/x', 'http://localhost:3004/.well-known/oauth-protected-resource/x'],
    ['http://127.0.0.1:3004', 'http://127.0.0.1:3004/.well-known/oauth-protected-resource'],
    ['http://127.8.9.1/x', 'http://127.8.9.1/.well-known/oauth-protected-resource/x'],
    ['http://[::1]:3004/x', 'http://[::1]:3004/.well-known/oauth-protected-resource/x'],
    ['http://api.localhost/x', 'http://api.localhost/.well-known/oauth-protected-resource/x'],
  ])('publishes %s as written, and its document at %s', (resource, metadataUrl) => {
    const made = protectedResourceMetadata({ ...needed, resource })
    expect([made.resource, made.document.resource]).toEqual([resource, resource])
    expect(made.metadataUrl).toBe(metadataUrl)
  })

  test('names the address that "metadataUrl" gives instead', () => {
    const metadataUrl = 'https://api.example.com/mcp/.well-known/oauth-protected-resource'
    expect(protectedResourceMetadata({ ...needed, metadataUrl }).metadataUrl).toBe(metadataUrl)
  })

  test.each([
    ['an upper-case host', 'https://A.example/x', 'https://a.example/x'],
    ['the default port', 'https://a.example:443/x', 'https://a.example/x'],
    ['dot segments', 'https://a.example/a/../x', 'https://a.example/x'],
    ['encoded dot segments', 'https://a.example/a/%2e%2e/x', 'https://a.example/x'],
    ['an upper-case scheme', 'HTTPS://a.example/x', 'https://a.example/x'],
    ['a query without a path', 'https://a.example?t=1', 'https://a.example/?t=1'],
    ['an upper-case bare origin', 'https://A.example', 'https://a.example/'],
    ['letters beyond ASCII', 'https://a.example/é', 'https://a.example/%C3%A9'],
    ['a backslash in the path', 'https://a.example\\x', 'https://a.example/x'],
    ['a short address', 'http://127.1/x', 'http://127.0.0.1/x'],
    ['a quote', 'https://a.example/"x', 'https://a.example/%22x'],
    ['an empty user name', 'https://@a.example/x', 'https://a.example/x'],
  ])('refuses %s in the resource and shows how clients send it', (_case, resource, canonical) => {
    expect(faultOf({ resource })).toContain(
      `"resource" must be written as clients send it, "${canonical}"; got `,
    )
  })

  test.each([
    ['nothing', undefined, '"resource" is missing; set it to the URL that clients call'],
    ['an empty text', '', '"resource" must be a non-empty string, got an empty string'],
    ['a URL object', new URL('https://a.example'), '"resource" must be a non-empty string'],
    ['a host alone', 'a.example', 'must be an absolute URL, such as'],
    ['a path', '/mcp', 'must be an absolute URL, such as'],
    ['another scheme', 'urn:example:api', 'must be https:, or http: on this machine alone'],
    ['http:', 'http://a.example/x', 'must be https:, or http: on this machine alone'],
    ['a host like loopback', 'http://127.0.0.1.a.example', 'must be https:, or http: on this'],
    ['a name like localhost', 'http://notlocalhost/x', 'must be https:, or http: on this machine'],
    ['a fragment', 'https://a.example/#f', '"resource" must have no fragment; got "https:'],
    ['an empty fragment', 'https://a.example/#', '"resource" must have no fragment; got "https:'],
    ['a user name', 'https://u@a.example', 'must have no user name; got "https://a.example"'],
    ['a password', 'https://:p@a.example', 'must have no user name; got "https://a.example"'],
    ['a blank', 'https://a.example/x ', 'must be an absolute URL'],
    ['a line break', 'https://a.example/\nx', 'must be an absolute URL'],
    ['a backslash in the query', 'https://a.example/?a\\b', 'must hold no "\\"; write "%5C"'],
  ])('refuses %s as the resource', (_case, resource, rule) => {
    expect(faultOf({ resource })).toContain(rule)
  })

  test.each([
    ['nothing', undefined, '"authorizationServers" must hold at least one issuer'],
    ['an empty list', [], '"authorizationServers" must hold at least one issuer'],
    ['a text', 'https://idp.test', '"authorizationServers" must be an array of strings'],
    ['something else', [1], '"authorizationServers[0]" must be a non-empty string, got 1'],
    ['a hole', [undefined], '"authorizationServers[0]" must be a non-empty string'],
    ['no URL', ['idp'], '"authorizationServers[0]" must be an absolute URL'],
    ['http:', ['https://a.test', 'http://idp.test'], '"authorizationServers[1]" must be https:'],
    ['a query', ['https://idp.test/?a'], '"authorizationServers[0]" must have no query and no'],
    ['an empty query', ['https://idp.test/?'], 'must have no query and no fragment'],
    ['a fragment', ['https://idp.test/#f'], 'must have no query and no fragment'],
    ['a user name', ['https://u@idp.test'], 'must have no user name; got "https://idp.test"'],
  ])('refuses %s as the authorization servers', (_case, authorizationServers, rule) => {
    expect(faultOf({ authorizationServers })).toContain(rule)
  })

  test.each([
    [
      'offline_access',
      ['a', 'offline_access'],
      '"scopesSupported[1]" "offline_access" is no scope',
    ],
    ['a space', ['a b'], '"scopesSupported[0]" "a b" is no scope'],
    ['a quote', ['a"b'], 'is no scope: it must hold no space, quote, backslash'],
    ['a backslash', ['a\\b'], 'is no scope: it must hold no space, quote, backslash'],
    ['a line break', ['a\nb'], 'is no scope: it must hold no space, quote, backslash'],
    ['a letter beyond ASCII', ['é'], 'is no scope: it must hold no space, quote, backslash'],
    ['an empty text', [''], '"scopesSupported[0]" must be a non-empty string'],
    ['a text', 'a', '"scopesSupported" must be an array of strings'],
  ])('refuses %s among the scopes', (_case, scopesSupported, rule) => {
    expect(faultOf({ scopesSupported })).toContain(rule)
  })

  test.each([
    ['another host', 'https://other.example/x', 'must be on the origin of "resource", https://api'],
    ['another port', 'https://api.example.com:8443/x', 'must be on the origin of "resource"'],
    ['a sub-domain', 'https://a.api.example.com/x', 'must be on the origin of "resource"'],
    ['a path', '/x', '"metadataUrl" must be an absolute URL'],
    ['http:', 'http://api.example.com/x', '"metadataUrl" must be https:'],
    ['a fragment', 'https://api.example.com/x#f', '"metadataUrl" must have no fragment'],
    ['a user name', 'https://u:p@api.example.com/x', '"metadataUrl" must have no user name'],
    ['another spelling', 'https://API.example.com/x', '"https://api.example.com/x"; got '],
    ['an empty text', '', '"metadataUrl" must be a non-empty string'],
  ])('refuses %s as "metadataUrl"', (_case, metadataUrl, rule) => {
    expect(faultOf({ metadataUrl })).toContain(rule)
  })

  test.each(['resource', 'bearer_methods_supported', 'dpop_bound_access_tokens_required'])(
    'refuses "%s" in "additionalMetadata"',
    (name) => {
      expect(faultOf({ additionalMetadata: { [name]: undefined } })).toBe(
        `"additionalMetadata" must not hold "${name}", which the other options decide`,
      )
    },
  )

  const circle: Record<string, unknown> = {}
  circle['circle'] = circle
  test.each([
    ['a function', () => 1],
    ['a circle', circle],
    ['a bigint', 1n],
  ])('refuses %s in "additionalMetadata"', (_case, member) => {
    expect(faultOf({ additionalMetadata: { member } })).toBe(
      '"additionalMetadata" holds "member", which JSON cannot carry',
    )
  })

  test('keeps a member called __proto__ to itself', () => {
    const text = '{"__proto__":{"resource_name":"x"}}'
    const additionalMetadata = JSON.parse(text) as Record<string, unknown>
    const { document } = protectedResourceMetadata({ ...needed, additionalMetadata })
    expect(document.resource_name).toBeUndefined()
    expect(JSON.stringify(document)).toContain('"__proto__":{"resource_name":"x"}')
  })

  test.each([
    ['a misspelt option', { resorce: 1 }, 'did you mean "resource"?'],
    ['a registered name', { scopes_supported: [] }, 'did you mean "scopesSupported"?'],
    ['another name for it', { audience: 'x' }, 'it is called "resource" here'],
    ['a name of every object', { toString: 1 }, '"toString" is not a member of the options'],
    ['a name that is no text', { resourceName: 1 }, '"resourceName" must be a non-empty string'],
    ['a page that is none', { resourceTosUri: 'javascript:x' }, 'must be a web page'],
    ['a relative page', { resourceDocumentation: '/x' }, '"resourceDocumentation" must be an abs'],
    ['a root that is no switch', { root: 'no' }, '"root" must be true or false, got "no"'],
    ['a negative age', { maxAge: -1 }, '"maxAge" must be a non-negative number of seconds'],
    ['no number', { maxAge: Number.NaN }, '"maxAge" must be a non-negative number of seconds'],
    ['milliseconds', { maxAge: 300_000 }, 'seconds, not milliseconds?'],
    ['metadata as a list', { additionalMetadata: [] }, '"additionalMetadata" must be an object'],
    ['metadata as null', { additionalMetadata: null }, '"additionalMetadata" must be an object'],
  ])('refuses %s', (_case, options, rule) => {
    expect(faultOf(options)).toContain(rule)
  })

  test.each([
    ['nothing', undefined],
    ['a text', 'https://api.example.com'],
  ])('refuses %s as options', (_case, options) => {
    expect(() => protectedResourceMetadata(options as never)).toThrow(ConfigurationError)
  })

  test('quotes no user, password or query of what it refuses', () => {
    const secret = '//tom:hunter2@a.example/x?key=hunter2#hunter2'
    for (const name of ['resource', 'metadataUrl', 'resourceTosUri']) {
      expect(faultOf({ [name]: `ftp:${secret}` })).not.toMatch(/tom|hunter2/)
      expect(faultOf({ [name]: ` https:${secret}` })).not.toMatch(/tom|hunter2/)
    }
    expect(faultOf({ resource: `https:${secret}` })).not.toMatch(/tom|hunter2/)
    for (const server of [`https:${secret}`, 'https://a.test?key=hunter2']) {
      expect(faultOf({ authorizationServers: [server] })).not.toMatch(/tom|hunter2/)
    }
  })
})
