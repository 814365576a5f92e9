import * as oidc from 'openid-client'
import { audience, scope, service, web } from './settings.js'

interface Client {
  client_id: string
  client_secret: string
}

function discover(provider: string, { client_id, client_secret }: Client) {
  return oidc.discovery(new URL(provider), client_id, client_secret, undefined, {
    // Marked as deprecated so that it stands out: the provider is on this machine. Never do this for another one.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    execute: [oidc.allowInsecureRequests],
  })
}

/** Gets a token by client credentials: for the service itself. */
export async function tokenForService(provider: string): Promise<string> {
  const config = await discover(provider, service)
  const tokens = await oidc.clientCredentialsGrant(config, { resource: audience, scope })
  return tokens.access_token
}

/** Gets a token by authorization code with PKCE: for the user who signs in. */
export async function tokenForUser(provider: string): Promise<string> {
  const config = await discover(provider, web)
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const [redirectUri] = web.redirect_uris
  const start = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: `openid ${scope}`,
    resource: audience,
    state: expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const callback = await signIn(start, redirectUri)
  const tokens = await oidc.authorizationCodeGrant(
    config,
    callback,
    { pkceCodeVerifier, expectedState },
    { resource: audience },
  )
  return tokens.access_token
}

/** Does what a browser does: follows the redirects, keeps the cookies, stops at the address of the client. */
export async function signIn(start: URL, redirectUri: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let at = start
  while (!at.href.startsWith(redirectUri)) {
    const sent = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(at, { redirect: 'manual', headers: { Cookie: sent } })
    for (const cookie of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (cookie.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`The provider answered ${answer.status}`)
    at = new URL(location, at)
  }
  return at
}
