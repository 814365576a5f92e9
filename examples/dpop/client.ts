import * as oidc from 'openid-client'
import { signIn } from '../authority/client.js'
import { audience, scope, web } from '../authority/settings.js'

/** A client that has signed a user in with a key of its own. */
export interface BoundClient {
  /** The token, which is worth nothing without the key. */
  readonly token: string
  /** Calls the API with a proof for each request; the library sends the API's nonces along. */
  get(url: string): Promise<Response>
}

/** Signs a user in; the tokens are bound to a key that never leaves this client. */
export async function signInWithKey(provider: string): Promise<BoundClient> {
  const config = await oidc.discovery(
    new URL(provider),
    web.client_id,
    web.client_secret,
    undefined,
    {
      // Marked as deprecated so that it stands out: the provider is on this machine. Never do this for another one.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      execute: [oidc.allowInsecureRequests],
    },
  )
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair())
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
    dpop_jkt: await DPoP.calculateThumbprint(),
  })
  const callback = await signIn(start, redirectUri)
  const { access_token: token } = await oidc.authorizationCodeGrant(
    config,
    callback,
    { pkceCodeVerifier, expectedState },
    { resource: audience },
    { DPoP },
  )
  return {
    token,
    get: (url) =>
      oidc.fetchProtectedResource(config, token, new URL(url), 'GET', null, new Headers(), {
        DPoP,
      }),
  }
}
