import { describe, expect, test } from 'vitest'
import { jwtBearer } from 'express-jwt-bearer'
import { audience, issuer, setUpError } from '../../support/tokens.js'

const tokenValidationParameters = { validIssuer: issuer }
const sources = ['authority', 'metadataAddress', 'jwksUri'] as const
const build = (name: string, address: string, more: object = {}) =>
  jwtBearer({ audience, tokenValidationParameters, [name]: address, ...more })

describe.each(sources)('the address of %s', (name) => {
  test.each([
    ['a host', 'https://issuer.test'],
    ['a path', 'https://issuer.test/realms/Tenant'],
    ['a port', 'https://issuer.test:8443/a'],
    ['letters like those of a placeholder', 'https://tenant.issuer.test/realm/domain/hosts'],
    ['a word that only begins like a placeholder', 'https://issuer.test/REALMS/TENANTS'],
    ['a host that begins with "your-"', 'https://id.your-server.test'],
    ['escaped letters', 'https://issuer.test/a%20b'],
  ])('may have %s', (_what, address) => {
    expect(() => build(name, address)).not.toThrow()
  })

  test.each([
    ['a blank before', ' https://issuer.test'],
    ['a blank behind', 'https://issuer.test '],
    ['a line break behind', 'https://issuer.test\n'],
    ['a blank within', 'https://issuer.test/a b'],
    ['a tab within', 'https://iss\tuer.test'],
    ['a NUL', 'https://issuer.test/\0'],
    ['a control character', 'https://issuer.test/\u0085'],
    ['a no-break space', 'https://issuer.test/\u00a0'],
    ['a byte order mark', '\ufeffhttps://issuer.test'],
  ])('must not have %s', (_what, address) => {
    const error = setUpError(() => build(name, address))
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(
      `"${name}" holds white space or a control character; write the address alone, on one line`,
    )
  })

  test.each([
    ['https://<your-tenant>.issuer.test', '<your-tenant>'],
    ['https://issuer.test/{tenantId}/v2.0', '{tenantId}'],
    ['https://issuer.test/${TENANT}/v2.0', '{TENANT}'],
    ['https://issuer.test/%7Btenant%7D', '%7Btenant%7D'],
    ['https://issuer.test/%3Ctenant%3E', '%3Ctenant%3E'],
    ['https://TENANT.issuer.test', 'TENANT'],
    ['https://DOMAIN/oauth2/default', 'DOMAIN'],
    ['https://HOST:8080/a', 'HOST'],
    ['https://issuer.test/realms/REALM', 'REALM'],
    ['https://issuer.test/TENANT_ID/v2.0', 'TENANT_ID'],
    ['https://YOUR_DOMAIN', 'YOUR_DOMAIN'],
    ['https://issuer.test/YOUR_TENANT/a', 'YOUR_TENANT'],
    ['https://issuer.test/your_realm', 'your_realm'],
  ])('must not be %s, which holds a placeholder', (address, placeholder) => {
    const error = setUpError(() => build(name, address))
    expect(error.code).toBe('ERR_CONFIGURATION')
    expect(error.message).toContain(
      `"${name}" still holds the placeholder ${placeholder}; put your own value in its place`,
    )
  })

  test.each([
    ['a scheme', 'https://user:secret@issuer.test/a?secret'],
    ['another scheme', 'ftp://user:secret@issuer.test/a?secret'],
    ['no scheme', 'user:secret@issuer.test/a?secret'],
    ['a user alone', 'secret@issuer.test'],
    ['a query alone', 'issuer.test?secret'],
    ['white space', 'https://user:secret @issuer.test'],
    ['brackets', 'https://user:<secret>@issuer.test/?key={secret}'],
    ['a placeholder', 'https://user:secret@TENANT.issuer.test/?secret'],
  ])('keeps user, password and query to itself with %s', (_what, address) => {
    const { message, stack } = setUpError(() => build(name, address))
    expect(`${message}${String(stack)}`).not.toContain('secret')
    expect(message).toContain(`"${name}" `)
  })
})

describe('an authority', () => {
  test.each([
    ['https://issuer.test/.well-known/openid-configuration', 'https://issuer.test'],
    ['https://issuer.test/a/.well-known/openid-configuration', 'https://issuer.test/a'],
    ['https://issuer.test/.well-known/oauth-authorization-server/a', 'https://issuer.test'],
  ])('is not the discovery address %s', (address, meant) => {
    expect(setUpError(() => build('authority', address)).message).toContain(
      `"authority" is the address of a discovery document; write the issuer alone, "${meant}", or use "metadataAddress"`,
    )
    expect(() => build('metadataAddress', address)).not.toThrow()
  })

  test.each([
    'https://login.microsoftonline.com/common',
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/Organizations/',
    'https://login.microsoftonline.us/common/v2.0',
    'https://sts.windows.net/common/',
  ])('does not stand for every tenant, as %s does', (address) => {
    const { message } = setUpError(() => build('authority', address))
    expect(message).toContain('use "metadataAddress" with an "issuerValidator"')
    const metadataAddress = `${address}/.well-known/openid-configuration`
    expect(() => build('metadataAddress', metadataAddress)).not.toThrow()
  })

  test.each([
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    'https://issuer.test/common/v2.0',
    'https://login.microsoftonline.com/commons/v2.0',
  ])('may be %s', (address) => {
    expect(() => build('authority', address)).not.toThrow()
  })

  test('of one of several issuers is looked at as well', () => {
    const issuers = [{ audience, authority: 'https://TENANT.issuer.test' }]
    expect(setUpError(() => jwtBearer({ issuers })).message).toContain('placeholder TENANT')
  })
})
