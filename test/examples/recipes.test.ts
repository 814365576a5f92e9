import { authorize, jwtBearer, type JwtBearerOptions } from 'express-jwt-bearer'
import express from 'express'
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  auth0,
  cognito,
  entraId,
  entraIdManyTenants,
  entraIdVersion1,
  google,
  keycloak,
  okta,
} from '../../examples/recipes.js'
import { certificate } from '../support/certificate.js'
import { startStandIn } from '../support/provider-stand-in.js'

const kid = 'the-key-of-the-provider'
const { publicKey, privateKey } = await generateKeyPair('RS256', {
  extractable: true,
})
const { n = '', e = '' } = await exportJWK(publicKey)
const key: JWK = { kty: 'RSA', use: 'sig', kid, n, e }
const withAlg: JWK = { ...key, alg: 'RS256' }
const x5c = [certificate.replace(/-----[A-Z ]+-----|\s/g, '')]

const tenantId = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const strangerId = 'd7c6b3d9-ea4c-4d09-9b7f-1c04a0a64a2e'
const clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
const microsoft = 'https://login.microsoftonline.com'
const pool = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE'
const googleClient = '1008719970978-hb24n2dstb40o45d4feuo2ukqmcc6381.apps.googleusercontent.com'

const entraKey = (issuer: string) => ({ ...key, x5t: kid, x5c, issuer })

interface Recipe {
  provider: string
  options: JwtBearerOptions
  /** What the provider publishes, by address. */
  documents: Record<string, unknown>
  typ?: string
  /** Claims of a token for the API. */
  claims: Record<string, unknown>
  caller: {
    name: unknown
    roles?: string[]
    scopes?: string[]
    permissions?: string[]
  }
  /** Changes after which the token must not pass, by the reason. */
  strangers: [what: string, change: Record<string, unknown>, description: string][]
}

const audienceInvalid = 'The audience is invalid'
const issuerInvalid = 'The issuer is invalid'

const entraClaims = {
  oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
  sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
  name: 'Alice',
  roles: ['Orders.Admin'],
  scp: 'Orders.Read Orders.Write',
  tid: tenantId,
}

const recipes: Recipe[] = [
  {
    provider: 'Entra ID, version 2',
    options: entraId(tenantId, clientId),
    documents: {
      [`${microsoft}/${tenantId}/v2.0/.well-known/openid-configuration`]: {
        issuer: `${microsoft}/${tenantId}/v2.0`,
        jwks_uri: `${microsoft}/${tenantId}/discovery/v2.0/keys`,
        token_endpoint: `${microsoft}/${tenantId}/oauth2/v2.0/token`,
        id_token_signing_alg_values_supported: ['RS256'],
      },
      [`${microsoft}/${tenantId}/discovery/v2.0/keys`]: {
        keys: [entraKey(`${microsoft}/${tenantId}/v2.0`)],
      },
    },
    typ: 'JWT',
    claims: {
      ...entraClaims,
      iss: `${microsoft}/${tenantId}/v2.0`,
      aud: clientId,
      ver: '2.0',
    },
    caller: {
      name: 'Alice',
      roles: ['Orders.Admin'],
      scopes: ['Orders.Read', 'Orders.Write'],
    },
    strangers: [
      ['another API', { aud: '00000003-0000-0000-c000-000000000000' }, audienceInvalid],
      ['another tenant', { iss: `${microsoft}/${strangerId}/v2.0` }, issuerInvalid],
      ['version 1', { iss: `https://sts.windows.net/${tenantId}/` }, issuerInvalid],
    ],
  },
  {
    provider: 'Entra ID, version 1',
    options: entraIdVersion1(tenantId, 'api://orders'),
    documents: {
      [`${microsoft}/${tenantId}/.well-known/openid-configuration`]: {
        issuer: `https://sts.windows.net/${tenantId}/`,
        jwks_uri: `${microsoft}/${tenantId}/discovery/keys`,
        token_endpoint: `${microsoft}/${tenantId}/oauth2/token`,
      },
      [`${microsoft}/${tenantId}/discovery/keys`]: {
        keys: [{ ...key, x5t: kid, x5c }],
      },
    },
    typ: 'JWT',
    claims: {
      ...entraClaims,
      iss: `https://sts.windows.net/${tenantId}/`,
      aud: 'api://orders',
      ver: '1.0',
      appid: clientId,
    },
    caller: {
      name: 'Alice',
      roles: ['Orders.Admin'],
      scopes: ['Orders.Read', 'Orders.Write'],
    },
    strangers: [
      ['another API', { aud: 'https://graph.microsoft.com' }, audienceInvalid],
      ['another tenant', { iss: `https://sts.windows.net/${strangerId}/` }, issuerInvalid],
      ['version 2', { iss: `${microsoft}/${tenantId}/v2.0` }, issuerInvalid],
    ],
  },
  {
    provider: 'Entra ID, many tenants',
    options: entraIdManyTenants(clientId, (id) => Promise.resolve(id === tenantId)),
    documents: {
      [`${microsoft}/organizations/v2.0/.well-known/openid-configuration`]: {
        issuer: `${microsoft}/{tenantid}/v2.0`,
        jwks_uri: `${microsoft}/organizations/discovery/v2.0/keys`,
        token_endpoint: `${microsoft}/organizations/oauth2/v2.0/token`,
      },
      [`${microsoft}/organizations/discovery/v2.0/keys`]: {
        keys: [entraKey(`${microsoft}/{tenantid}/v2.0`)],
      },
    },
    typ: 'JWT',
    claims: {
      ...entraClaims,
      iss: `${microsoft}/${tenantId}/v2.0`,
      aud: clientId,
      ver: '2.0',
    },
    caller: {
      name: 'Alice',
      roles: ['Orders.Admin'],
      scopes: ['Orders.Read', 'Orders.Write'],
    },
    strangers: [
      ['another API', { aud: strangerId }, audienceInvalid],
      [
        'a tenant that is no customer',
        { iss: `${microsoft}/${strangerId}/v2.0`, tid: strangerId },
        issuerInvalid,
      ],
      [
        'a tenant that is no customer and says it is one',
        { iss: `${microsoft}/${strangerId}/v2.0` },
        issuerInvalid,
      ],
      ['a customer by "tid" alone', { iss: `${microsoft}/{tenantid}/v2.0` }, issuerInvalid],
      ['the gap itself', { iss: `${microsoft}/{tenantid}/v2.0`, tid: '{tenantid}' }, issuerInvalid],
      ['no tenant', { tid: undefined }, issuerInvalid],
      ['a list of tenants', { tid: [tenantId] }, issuerInvalid],
    ],
  },
  {
    provider: 'Auth0',
    options: auth0('shop.eu.auth0.com', 'https://orders.example/api'),
    documents: {
      'https://shop.eu.auth0.com/.well-known/openid-configuration': {
        issuer: 'https://shop.eu.auth0.com/',
        jwks_uri: 'https://shop.eu.auth0.com/.well-known/jwks.json',
        token_endpoint: 'https://shop.eu.auth0.com/oauth/token',
      },
      'https://shop.eu.auth0.com/.well-known/jwks.json': {
        keys: [{ ...withAlg, x5t: kid, x5c }],
      },
    },
    typ: 'JWT',
    claims: {
      iss: 'https://shop.eu.auth0.com/',
      sub: 'auth0|6543a1b2c3d4e5f678901234',
      aud: ['https://orders.example/api', 'https://shop.eu.auth0.com/userinfo'],
      azp: 'a3B7Lc1DKlMNoPqRsTuVwXyZ',
      scope: 'openid profile orders:read',
      permissions: ['orders:read'],
    },
    caller: {
      name: null,
      scopes: ['openid', 'profile', 'orders:read'],
      permissions: ['orders:read'],
    },
    strangers: [
      ['its user info alone', { aud: 'https://shop.eu.auth0.com/userinfo' }, audienceInvalid],
      ['another domain', { iss: 'https://other.eu.auth0.com/' }, issuerInvalid],
      ['an issuer without its "/"', { iss: 'https://shop.eu.auth0.com' }, issuerInvalid],
    ],
  },
  {
    provider: 'Okta',
    options: okta('shop.okta.com', 'default', 'api://default'),
    documents: {
      'https://shop.okta.com/oauth2/default/.well-known/openid-configuration': {
        issuer: 'https://shop.okta.com/oauth2/default',
        jwks_uri: 'https://shop.okta.com/oauth2/default/v1/keys',
        token_endpoint: 'https://shop.okta.com/oauth2/default/v1/token',
      },
      'https://shop.okta.com/oauth2/default/v1/keys': { keys: [withAlg] },
    },
    claims: {
      ver: 1,
      jti: 'AT.MNAoEQ_jbKqoinrQo1D0XKjMX28U5d7ZszBceot7',
      iss: 'https://shop.okta.com/oauth2/default',
      aud: 'api://default',
      cid: '0oa1gjh63g214q0Hq0g4',
      uid: '00u1gjh63g214q0Hq0g4',
      scp: ['openid', 'orders.read'],
      sub: 'alice@shop.example',
      groups: ['Everyone', 'Admins'],
    },
    caller: {
      name: 'alice@shop.example',
      roles: ['Everyone', 'Admins'],
      scopes: ['openid', 'orders.read'],
    },
    strangers: [
      ['a client, as its ID tokens are', { aud: '0oa1gjh63g214q0Hq0g4' }, audienceInvalid],
      ['the server of the organization', { iss: 'https://shop.okta.com' }, issuerInvalid],
    ],
  },
  {
    provider: 'Keycloak',
    options: keycloak('https://sso.example/realms/shop', 'orders-api'),
    documents: {
      'https://sso.example/realms/shop/.well-known/openid-configuration': {
        issuer: 'https://sso.example/realms/shop',
        jwks_uri: 'https://sso.example/realms/shop/protocol/openid-connect/certs',
        token_endpoint: 'https://sso.example/realms/shop/protocol/openid-connect/token',
      },
      'https://sso.example/realms/shop/protocol/openid-connect/certs': {
        keys: [{ ...key, kid: 'for-encryption', use: 'enc', alg: 'RSA-OAEP' }, withAlg],
      },
    },
    typ: 'JWT',
    claims: {
      iss: 'https://sso.example/realms/shop',
      aud: ['orders-api', 'account'],
      sub: '36fa0f91-f94d-4a0c-afed-6b7d952e47da',
      typ: 'Bearer',
      azp: 'shop-web',
      'allowed-origins': ['https://shop.example'],
      realm_access: { roles: ['offline_access', 'Admin'] },
      resource_access: { account: { roles: ['manage-account'] } },
      scope: 'profile email',
      preferred_username: 'alice',
      name: 'Alice',
    },
    caller: {
      name: 'alice',
      roles: ['offline_access', 'Admin'],
      scopes: ['profile', 'email'],
    },
    strangers: [
      ['the account console alone', { aud: 'account' }, audienceInvalid],
      ['another realm', { iss: 'https://sso.example/realms/master' }, issuerInvalid],
    ],
  },
  {
    provider: 'Cognito',
    options: cognito('eu-central-1', 'eu-central-1_EXAMPLE', '1example23456789'),
    documents: {
      [`${pool}/.well-known/openid-configuration`]: {
        issuer: pool,
        jwks_uri: `${pool}/.well-known/jwks.json`,
        token_endpoint: 'https://shop.auth.eu-central-1.amazoncognito.com/oauth2/token',
      },
      [`${pool}/.well-known/jwks.json`]: {
        keys: [{ ...withAlg, kid: 'of-the-id-tokens', n: key.n }, withAlg],
      },
    },
    claims: {
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      'cognito:groups': ['admins'],
      iss: pool,
      client_id: '1example23456789',
      token_use: 'access',
      scope: 'orders/read openid',
      username: 'alice',
    },
    caller: {
      name: 'alice',
      roles: ['admins'],
      scopes: ['orders/read', 'openid'],
    },
    strangers: [
      ['another client', { client_id: '2example' }, audienceInvalid],
      ['no client', { client_id: undefined }, audienceInvalid],
      [
        'an ID token',
        { client_id: undefined, aud: '1example23456789', token_use: 'id' },
        audienceInvalid,
      ],
      ['another pool', { iss: `${pool}2` }, issuerInvalid],
    ],
  },
  {
    provider: 'Google',
    options: google(googleClient),
    documents: {
      'https://accounts.google.com/.well-known/openid-configuration': {
        issuer: 'https://accounts.google.com',
        jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
        token_endpoint: 'https://oauth2.googleapis.com/token',
      },
      'https://www.googleapis.com/oauth2/v3/certs': { keys: [withAlg] },
    },
    typ: 'JWT',
    claims: {
      iss: 'https://accounts.google.com',
      azp: googleClient,
      aud: googleClient,
      sub: '110169484474386276334',
      hd: 'shop.example',
      email: 'alice@shop.example',
      email_verified: true,
      name: 'Alice',
    },
    caller: { name: 'Alice' },
    strangers: [
      ['another client', { aud: 'other.apps.googleusercontent.com' }, audienceInvalid],
      ['another issuer', { iss: 'https://accounts.google.com.evil.test' }, issuerInvalid],
    ],
  },
]

function sign({ claims, typ }: Recipe, change: Record<string, unknown> = {}) {
  const iat = Math.floor(Date.now() / 1000)
  return new SignJWT({ iat, nbf: iat, exp: iat + 3600, ...claims, ...change })
    .setProtectedHeader({
      alg: 'RS256',
      kid,
      ...(typ !== undefined && { typ }),
    })
    .sign(privateKey)
}

describe.each(recipes)('the recipe for $provider', (recipe) => {
  let standIn: Awaited<ReturnType<typeof startStandIn>>
  let ask: (token: string) => request.Test

  beforeAll(async () => {
    standIn = await startStandIn(recipe.documents)
    const app = express().use(jwtBearer({ ...recipe.options, fetch: standIn.fetch }), authorize())
    app.get('/', ({ user }, res) => {
      res.json({
        name: user?.name ?? null,
        roles: user?.roles,
        scopes: user?.scopes,
        permissions: user?.findAll('permissions'),
      })
    })
    ask = (token) => request(app).get('/').set('Authorization', `Bearer ${token}`)
  })

  afterAll(() => standIn.close())

  test('accepts its tokens and finds name, roles and scopes in them', async () => {
    const answer = await ask(await sign(recipe))
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(answer.body).toEqual({
      roles: [],
      scopes: [],
      permissions: [],
      ...recipe.caller,
    })
    expect(standIn.asked).toEqual(Object.keys(recipe.documents))
  })

  test.each(recipe.strangers)(
    'refuses a token for or from %s',
    async (_what, change, description) => {
      const answer = await ask(await sign(recipe, change))
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer error="invalid_token", error_description="${description}"`,
      )
    },
  )

  test('refuses a token that somebody else has signed', async () => {
    const other = await generateKeyPair('RS256')
    const token = await new SignJWT({
      ...recipe.claims,
      exp: Date.now() / 1000 + 60,
    })
      .setProtectedHeader({ alg: 'RS256', kid })
      .sign(other.privateKey)
    expect((await ask(token)).headers['www-authenticate']).toContain('The signature is invalid')
  })
})

test('a Google token may leave out the https:// of its issuer', async () => {
  const recipe = recipes.find(({ provider }) => provider === 'Google') as Recipe
  const standIn = await startStandIn(recipe.documents)
  const { authenticate } = jwtBearer({
    ...recipe.options,
    fetch: standIn.fetch,
  })
  const token = await sign(recipe, { iss: 'accounts.google.com' })
  const result = await authenticate({
    headers: { authorization: `Bearer ${token}` },
  })
  expect(result.kind).toBe('success')
  await standIn.close()
})

test.each([
  ['no roles for the realm', { realm_access: undefined }],
  ['none at all', { realm_access: {} }],
])('a Keycloak token may have %s', async (_what, change) => {
  const recipe = recipes.find(({ provider }) => provider === 'Keycloak') as Recipe
  const standIn = await startStandIn(recipe.documents)
  const { authenticate } = jwtBearer({
    ...recipe.options,
    fetch: standIn.fetch,
  })
  const authorization = `Bearer ${await sign(recipe, change)}`
  const result = await authenticate({ headers: { authorization } })
  expect(result.kind === 'success' && result.principal.roles).toEqual([])
  await standIn.close()
})
