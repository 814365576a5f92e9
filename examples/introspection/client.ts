import * as oidc from 'openid-client'
import { audience, scope, service } from './provider.js'

function discover(provider: string) {
  const { client_id, client_secret } = service
  return oidc.discovery(new URL(provider), client_id, client_secret, undefined, {
    // Marked as deprecated so that it stands out: the provider is on this machine. Never do this for another one.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    execute: [oidc.allowInsecureRequests],
  })
}

/** Gets a token by client credentials. */
export async function getToken(provider: string): Promise<string> {
  const config = await discover(provider)
  const tokens = await oidc.clientCredentialsGrant(config, { resource: audience, scope })
  return tokens.access_token
}

/** Takes a token back (RFC 7009). */
export async function revokeToken(provider: string, token: string): Promise<void> {
  await oidc.tokenRevocation(await discover(provider), token)
}
