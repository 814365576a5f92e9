import express, { type Express } from 'express'
import type { JWK } from 'jose'
import { Provider } from 'oidc-provider'
import { audience, scope, service, web } from './settings.js'

// What the provider keeps, here for ten minutes each.
const stored = ['AccessToken', 'ClientCredentials', 'IdToken', 'Grant', 'Session', 'Interaction']

/** An OpenID Connect provider that signs everybody in as alice. Yours asks for a password. */
export function createProvider(url: string, keys: JWK[]): Express {
  const provider: Provider = new Provider(url, {
    clients: [
      { ...service, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
      { ...web, grant_types: ['authorization_code'], response_types: ['code'] },
    ],
    jwks: { keys },
    ttl: Object.fromEntries(stored.map((what) => [what, 600])),
    cookies: { keys: [crypto.randomUUID()] },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_ctx, { uid }) => `/sign-in/${uid}` },
    // Nobody is asked whether the client may act for alice: it is the same company's.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({
        accountId: oidc.session?.accountId ?? '',
        clientId: web.client_id,
      })
      grant.addOIDCScope('openid')
      grant.addResourceScope(audience, scope)
      await grant.save()
      return grant
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      // Access tokens for the API are JWTs; without this they would mean nothing to it.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({
          scope,
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })

  const app = express()
  app.get('/sign-in/:uid', (req, res) =>
    provider.interactionFinished(req, res, { login: { accountId: 'alice' } }),
  )
  return app.use(provider.callback())
}
