import express, { type Express } from 'express'
import type { JWK } from 'jose'
import { errors, Provider } from 'oidc-provider'
import { signInPage, signInPolicy } from './sign-in-page.js'
import { useScope, writeScope } from './settings.js'

// What the provider keeps, here for an hour each.
const stored = ['AccessToken', 'IdToken', 'Interaction']

// And what it keeps for a day: people stay signed in, and clients go on without them.
const storedLonger = ['Grant', 'RefreshToken', 'Session']

/**
 * An OpenID Connect provider at which strangers can register their clients. It signs everybody in as alice,
 * after a click; yours asks for a password.
 *
 * @param resources - The APIs that it issues tokens for, each for itself alone (RFC 8707).
 */
export function createIssuer(url: string, keys: JWK[], resources: readonly string[]): Express {
  const scope = `${useScope} ${writeScope}`
  const provider = new Provider(url, {
    jwks: { keys },
    scopes: ['openid', 'offline_access'],
    ttl: Object.fromEntries([
      ...stored.map((what) => [what, 3600] as const),
      ...storedLonger.map((what) => [what, 86_400] as const),
    ]),
    cookies: { keys: [crypto.randomUUID()] },
    clientBasedCORS: () => true,
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_ctx, { uid }) => `/sign-in/${uid}` },
    pkce: { required: () => true },
    // Clients register with the scopes they need first, and are to ask for more later.
    extraClientMetadata: {
      properties: ['scope'],
      validator: (_ctx, _name, _value, metadata) => {
        delete metadata.scope
      },
    },
    // When people signed in: what requireRecentAuthentication() goes by. Refreshing a token does not change it.
    extraTokenClaims: ({ oidc: { entities } }) => ({
      auth_time: (entities.AuthorizationCode ?? entities.RefreshToken)?.authTime,
    }),
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => {
          if (!resources.includes(resource)) throw new errors.InvalidTarget()
          return {
            scope,
            audience: resource,
            accessTokenTTL: 3600,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }
        },
      },
    },
  })

  const app = express()
  app.get('/sign-in/:uid', async (req, res) => {
    res.set('Content-Security-Policy', signInPolicy)
    res.send(signInPage(await interactionOf(req, res)))
  })
  app.post('/sign-in/:uid', express.urlencoded(), async (req, res) => {
    const { prompt, params, grantId, session } = await provider.interactionDetails(req, res)
    const accountId = session?.accountId ?? 'alice'
    const grant =
      (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
      new provider.Grant({ accountId, clientId: String(params['client_id']) })
    grant.addOIDCScope('openid offline_access')
    grant.addResourceScope(String(params['resource']), String(params['scope']))
    const consent = { grantId: await grant.save() }
    const { signedIn } = req.body as { signedIn?: string }
    const ts = Math.floor(Date.now() / 1000) - (signedIn === 'an hour ago' ? 3600 : 0)
    await provider.interactionFinished(req, res, {
      consent,
      ...(prompt.name === 'login' && { login: { accountId, ts } }),
    })
  })

  async function interactionOf(req: express.Request, res: express.Response) {
    const { prompt, params } = await provider.interactionDetails(req, res)
    const client = await provider.Client.find(String(params['client_id']))
    return {
      client: client?.clientName ?? 'A client without a name',
      scopes: String(params['scope']),
      signsIn: prompt.name === 'login',
      mustBeFresh: prompt.reasons.includes('max_age'),
    }
  }
  return app.use(provider.callback())
}
