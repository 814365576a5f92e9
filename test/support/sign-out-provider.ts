import { createServer } from 'node:http'
import { Provider, type ClientMetadata } from 'oidc-provider'
import { vi } from 'vitest'
import { createSigningKey } from './oidc-provider.js'
import { listenOnLoopback } from './loopback.js'

export const api = 'api://orders'

/**
 * Starts a provider that signs in whomever the app hints at, without a question, and tells its clients by
 * their back channel who has signed out. Its access tokens name the session, as Keycloak's do.
 */
export async function startSignOutProvider(clients: readonly ClientMetadata[]) {
  // It says on the console that it was made for a newer Node.
  for (const level of ['warn', 'info'] as const) vi.spyOn(console, level).mockReturnValue()
  const { server, url, close } = await listenOnLoopback(createServer())
  const told = { signOuts: 0, refusals: [] as string[] }
  const provider: Provider = new Provider(url, {
    clients: [...clients],
    // Without its own dispatcher, which connects to no loopback.
    fetch: (address, options) =>
      globalThis.fetch(address, { ...options, ...{ dispatcher: undefined } }),
    jwks: { keys: [await createSigningKey()] },
    cookies: { keys: ['a cookie key of a provider on loopback'] },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_ctx, { uid }) => `/sign-in/${uid}` },
    extraTokenClaims: (_ctx, token) => ('sid' in token && token.sid ? { sid: token.sid } : {}),
    loadExistingGrant: async ({ oidc: { client, session } }) => {
      if (!client || !session?.accountId) return undefined
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid')
      grant.addResourceScope(api, 'orders.read')
      await grant.save()
      return grant
    },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          ...{ scope: 'orders.read', audience: api, accessTokenTTL: 600 },
          ...{ accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } },
        }),
      },
    },
  })
  provider.on('backchannel.success', () => (told.signOuts += 1))
  provider.on('backchannel.error', (_ctx, error) => told.refusals.push(error.message))
  const callback = provider.callback()

  async function signIn(...[req, res]: Parameters<typeof callback>): Promise<void> {
    const { params } = await provider.interactionDetails(req, res)
    await provider.interactionFinished(req, res, {
      login: { accountId: String(params['login_hint']) },
    })
  }

  server.on('request', (req, res) => {
    void (req.url?.startsWith('/sign-in/') === true ? signIn(req, res) : callback(req, res))
  })
  return {
    url,
    close,
    /** How often a client has taken a logout token, and why it has not. */
    told,
  }
}
