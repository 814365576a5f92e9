import { timingSafeEqual } from 'node:crypto'
import express, { type Express } from 'express'
import { Provider, type Grant, type KoaContextWithOIDC } from 'oidc-provider'
import { listen, setting } from './part.js'
import { signedOutPage, signInPage, signOutPage } from './provider-pages.js'
import { openStorage } from './provider-storage.js'

const api = 'api://weather'
const passwords = new Map([
  ['alice', 'wonderland'],
  ['bob', 'builder'],
])
const accessTokenLifetime = 20

const webAddresses = setting('WEB').split(' ')
const storage = await openStorage(setting('DATA_FOLDER'))

const provider: Provider = new Provider(setting('ISSUER'), {
  adapter: (model) => storage.adapterFor(model),
  jwks: { keys: storage.keys },
  cookies: { keys: [setting('COOKIE_SECRET')] },
  clients: [
    {
      client_id: 'web',
      client_secret: setting('CLIENT_SECRET'),
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: webAddresses.map((url) => `${url}/callback`),
      post_logout_redirect_uris: webAddresses.map((url) => `${url}/`),
      id_token_signed_response_alg: 'ES256',
      // One process is told, and all of them know.
      backchannel_logout_uri: `${webAddresses[0]}/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
  ],
  scopes: ['openid', 'offline_access'],
  findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  // Each refresh token works once; one that is used again ends the session.
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  ttl: {
    AccessToken: accessTokenLifetime,
    AuthorizationCode: 60,
    Grant: 86_400,
    IdToken: 3600,
    Interaction: 600,
    RefreshToken: 86_400,
    Session: 86_400,
  },
  // The web app is on this machine, where the provider's own `fetch` calls nobody.
  fetch: (url, options) => fetch(url, { ...options, ...{ dispatcher: undefined } }),
  interactions: { url: (_ctx, { uid }) => `/sign-in/${uid}` },
  loadExistingGrant: grantEverything,
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true, allowedPolicy: () => true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = signOutPage(form)
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = signedOutPage()
      },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'weather.read',
        audience: api,
        accessTokenTTL: accessTokenLifetime,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})

provider.on('grant.success', ({ oidc }) => {
  if (oidc.params?.['grant_type'] === 'refresh_token') storage.countRefresh()
})

let signOuts = 0
provider.on('backchannel.success', () => {
  signOuts += 1
})

listen(createApp())

/** The demo asks nobody what the web app may do: it is the provider's own. */
async function grantEverything({ oidc }: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { client, session } = oidc
  if (!client || !session?.accountId) return undefined
  const known = session.grantIdFor(client.clientId)
  const found = known === undefined ? undefined : await provider.Grant.find(known)
  if (found) return found
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
  grant.addOIDCScope('openid offline_access')
  grant.addResourceScope(api, 'weather.read')
  await grant.save()
  return grant
}

function createApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.get('/stats', (_req, res) => {
    res.json({ refreshes: storage.refreshes, signOuts })
  })
  app.get('/sign-in/:uid', (_req, res) => {
    res.set('Cache-Control', 'no-store').send(signInPage())
  })
  app.post('/sign-in/:uid', express.urlencoded({ extended: false }), async (req, res) => {
    const { name, password } = req.body as Record<string, unknown>
    if (!isPassword(name, password)) {
      res.status(401).send(signInPage('The name or the password is wrong.'))
      return
    }
    await provider.interactionFinished(req, res, { login: { accountId: name } })
  })
  const callback = provider.callback()
  app.use((req, res) => void callback(req, res))
  return app
}

function isPassword(name: unknown, password: unknown): name is string {
  if (typeof name !== 'string' || typeof password !== 'string') return false
  const expected = Buffer.from(passwords.get(name) ?? '')
  const given = Buffer.from(password)
  return expected.length > 0 && expected.length === given.length && timingSafeEqual(expected, given)
}
