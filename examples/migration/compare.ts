import type { Express } from 'express'
import type { AddressInfo } from 'node:net'
import type { TestIssuer } from 'express-jwt-bearer/testing'
import { startIssuer, type Certificate } from './issuer.js'
import type { Setting } from './setting.js'

/** The packages that people come from, by the name of their folder. */
export const packages = [
  'express-jwt',
  'express-oauth2-jwt-bearer',
  'passport-jwt',
  'passport-azure-ad',
  'keycloak-connect',
  'okta-jwt-verifier',
  'aws-jwt-verify',
] as const

export type PackageName = (typeof packages)[number]

/** What both apps of a pair answered to one request. */
export interface Compared {
  readonly request: string
  readonly before: number
  readonly after: number
}

const audience = '11111111-2222-3333-4444-555555555555'

// What the issuers of these packages put into access tokens, all of it together.
const granted = {
  scope: 'openid reports.read',
  scp: 'reports.read',
  permissions: ['reports.read'],
  realm_access: { roles: ['reports'] },
  typ: 'Bearer',
  token_use: 'access',
  client_id: 'orders-client',
}
const less = { ...granted, scope: 'openid', scp: 'openid', permissions: [], realm_access: {} }

// What these issuers write, and one of the packages insists on.
const jwt = { header: { typ: 'JWT' } }

interface Case {
  readonly request: string
  readonly path?: '/private' | '/reports' | '/optional'
  readonly authorization: (tokens: TestIssuer) => Promise<string | undefined>
}

const bearer = (token: string) => `Bearer ${token}`

const cases: readonly Case[] = [
  { request: 'a good token', authorization: async (it) => bearer(await it.token(granted, jwt)) },
  {
    request: 'a good token, scheme in lower case',
    authorization: async (it) => `bearer ${await it.token(granted, jwt)}`,
  },
  { request: 'no token', authorization: () => Promise.resolve(undefined) },
  { request: 'another scheme', authorization: () => Promise.resolve('Basic YTpi') },
  { request: 'an empty `Bearer`', authorization: () => Promise.resolve('Bearer ') },
  { request: 'two tokens', authorization: () => Promise.resolve('Bearer a b') },
  { request: 'no JWT', authorization: () => Promise.resolve('Bearer garbage') },
  {
    request: 'a forged signature',
    authorization: async (it) => bearer(await it.wrongSignature(granted)),
  },
  { request: '`alg: none`', authorization: async (it) => bearer(await it.unsigned(granted)) },
  {
    request: 'over for three seconds',
    authorization: async (it) => bearer(await it.token(granted, { ...jwt, expiresIn: -3 })),
  },
  {
    request: 'over for a minute',
    authorization: async (it) => bearer(await it.token(granted, { ...jwt, expiresIn: -60 })),
  },
  {
    request: 'over for an hour',
    authorization: async (it) => bearer(await it.expired(granted)),
  },
  {
    request: 'no `exp`',
    authorization: async (it) => bearer(await it.token({ ...granted, exp: undefined }, jwt)),
  },
  {
    request: 'another audience',
    authorization: async (it) =>
      bearer(await it.token({ ...granted, aud: 'other', client_id: 'other' }, jwt)),
  },
  {
    request: 'another issuer',
    authorization: async (it) => bearer(await it.wrongIssuer(granted)),
  },
  {
    request: 'the scope or role there',
    path: '/reports',
    authorization: async (it) => bearer(await it.token(granted, jwt)),
  },
  {
    request: 'the scope or role missing',
    path: '/reports',
    authorization: async (it) => bearer(await it.token(less, jwt)),
  },
  {
    request: 'optional: no token',
    path: '/optional',
    authorization: () => Promise.resolve(undefined),
  },
  {
    request: 'optional: a good token',
    path: '/optional',
    authorization: async (it) => bearer(await it.token(granted, jwt)),
  },
  {
    request: 'optional: a forged token',
    path: '/optional',
    authorization: async (it) => bearer(await it.wrongSignature(granted)),
  },
]

const withOptional: readonly PackageName[] = ['express-jwt', 'express-oauth2-jwt-bearer']

/** Sends the same requests to the app as it was and to the app as it is now. */
export async function compare(
  name: PackageName,
  certificate: Certificate,
): Promise<readonly Compared[]> {
  const issuer = await startIssuer(audience, {
    name:
      name === 'aws-jwt-verify'
        ? 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example00'
        : undefined,
    certificate: name === 'passport-azure-ad' ? certificate : undefined,
  })
  const before = await listen(await load(`./${name}/before.js`), issuer.setting)
  const after = await listen(await load(`./${name}/after.js`), issuer.setting)
  const compared: Compared[] = []
  for (const { request, path = '/private', authorization } of cases) {
    if (path === '/optional' && !withOptional.includes(name)) continue
    const headers = headersOf(await authorization(issuer.tokens))
    compared.push({
      request,
      before: (await fetch(`${before.url}${path}`, { headers })).status,
      after: (await fetch(`${after.url}${path}`, { headers })).status,
    })
  }
  for (const each of [issuer, before, after]) each.close()
  return compared
}

type CreateApp = (setting: Setting) => Express

async function load(path: string): Promise<CreateApp> {
  const module = (await import(/* @vite-ignore */ path)) as { createApp: CreateApp }
  return module.createApp
}

function headersOf(authorization: string | undefined): Record<string, string> {
  return authorization === undefined ? {} : { Authorization: authorization }
}

async function listen(createApp: CreateApp, setting: Setting) {
  const app = createApp(setting)
  return new Promise<{ url: string; close: () => void }>((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() })
    })
  })
}
