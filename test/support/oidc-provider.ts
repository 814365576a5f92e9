import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Provider, type Adapter, type AdapterPayload, type ClientMetadata } from 'oidc-provider'

export interface ProviderOptions {
  /** 0 takes a free one; a restart keeps it. */
  port?: number
  /** Where grants and tokens live; hand over the same one to another provider to share them. */
  storage?: ProviderStorage
  /** Signing keys, the first one signs. Default: one new RSA key. */
  keys?: JWK[]
  /** Lifetime of access tokens in seconds. */
  accessTokenLifetime?: number
  /** Makes access tokens JWTs for this API. Without it they are opaque. */
  audience?: string
  /** Scopes that the API knows. */
  apiScopes?: string
  clients?: ClientMetadata[]
}

export interface RunningProvider {
  /** The issuer, without a trailing slash. */
  readonly url: string
  readonly provider: Provider
  /** What the token endpoint did since the start, restarts included. */
  readonly counts: { refreshes: number; refused: number; revokedGrants: number }
  /** Signs a user in without a browser and returns the first refresh token. */
  signIn(subject: string, scope?: string): Promise<string>
  /** Ends the server and every connection, as a killed process would. */
  stop(): Promise<void>
  /** Listens again on the same port with the same storage; new keys replace the old. */
  start(keys?: JWK[]): Promise<void>
}

type ProviderStorage = Map<string, ProviderEntry>

/** What is stored of a grant or a token, and until when in milliseconds. */
export interface ProviderEntry {
  readonly payload: AdapterPayload
  readonly expiresAt: number
}

/** The client of every provider started here: confidential, with refresh tokens that work once. */
export const webClient = {
  client_id: 'web',
  client_secret: 'a secret of the web client, on loopback only',
  redirect_uris: ['http://127.0.0.1:1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  response_types: ['code'],
} satisfies ClientMetadata

/** Starts an OpenID Connect provider on loopback: refresh tokens rotate, and none may be used twice. */
export async function startProvider(options: ProviderOptions = {}): Promise<RunningProvider> {
  const storage = options.storage ?? (new Map() as ProviderStorage)
  const counts = { refreshes: 0, refused: 0, revokedGrants: 0 }
  let keys = options.keys ?? [await createSigningKey()]
  let server: Server | undefined
  let port = options.port ?? 0
  let provider: Provider | undefined

  const running: RunningProvider = {
    get url() {
      return `http://127.0.0.1:${String(port)}`
    },
    get provider() {
      if (!provider) throw new Error('The provider is not running')
      return provider
    },
    counts,
    async signIn(subject, scope = `openid offline_access ${options.apiScopes ?? ''}`.trim()) {
      const { Grant, RefreshToken, Client } = running.provider
      const grant = new Grant({ accountId: subject, clientId: webClient.client_id })
      grant.addOIDCScope(scope)
      if (options.audience !== undefined) grant.addResourceScope(options.audience, scope)
      const client = await Client.find(webClient.client_id)
      if (!client) throw new Error('The provider does not know the web client')
      const token = new RefreshToken({
        accountId: subject,
        client,
        grantId: await grant.save(),
        gty: 'authorization_code',
        scope,
        ...(options.audience !== undefined && { resource: options.audience }),
      })
      return token.save()
    },
    async stop() {
      const stopped = server
      server = undefined
      stopped?.closeAllConnections()
      await new Promise<void>((resolve) => {
        if (stopped)
          stopped.close(() => {
            resolve()
          })
        else resolve()
      })
    },
    async start(newKeys = keys) {
      keys = newKeys
      // The first start learns its port, and with it the issuer's name, by listening.

      const listening = createServer()
      await new Promise<void>((resolve, reject) => {
        listening.once('error', reject).listen(port, '127.0.0.1', resolve)
      })
      port = (listening.address() as AddressInfo).port
      provider = createProvider(running.url, storage, keys, options)
      count(provider, counts)
      const callback = provider.callback()
      listening.on('request', (request, response) => void callback(request, response))
      server = listening
    },
  }
  await running.start()
  return running
}

/** Creates a signing key for {@link startProvider}. */
export async function createSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const { kid = crypto.randomUUID(), ...key } = await exportJWK(privateKey)
  return { ...key, kid, alg: 'RS256', use: 'sig' }
}

function createProvider(
  issuer: string,
  storage: ProviderStorage,
  keys: JWK[],
  options: ProviderOptions,
): Provider {
  const { audience, apiScopes = '', accessTokenLifetime = 60 } = options
  const provider = new Provider(issuer, {
    adapter: (model) => createAdapter(model, storage),
    clients: options.clients ?? [webClient],
    jwks: { keys },
    cookies: { keys: ['a cookie key of a provider on loopback'] },
    claims: { openid: ['sub'] },
    scopes: ['openid', 'offline_access', ...apiScopes.split(' ').filter(Boolean)],
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenLifetime,
      ClientCredentials: accessTokenLifetime,
      RefreshToken: 86_400,
      Grant: 86_400,
      IdToken: 3600,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: audience !== undefined,
        defaultResource: () => audience ?? [],
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: apiScopes,
          audience: resource,
          accessTokenTTL: accessTokenLifetime,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  })
  return provider
}

function count(provider: Provider, counts: RunningProvider['counts']): void {
  provider.on('grant.success', (ctx) => {
    if (ctx.oidc.params?.['grant_type'] === 'refresh_token') counts.refreshes += 1
  })
  provider.on('grant.error', () => {
    counts.refused += 1
  })
  provider.on('grant.revoked', () => {
    counts.revokedGrants += 1
  })
}

function createAdapter(model: string, storage: ProviderStorage): Adapter {
  const keyOf = (id: string) => `${model}:${id}`
  const read = (key: string) => {
    const entry = storage.get(key)
    return entry && entry.expiresAt > Date.now() ? entry.payload : undefined
  }
  const findBy = (field: 'uid' | 'userCode', value: string) =>
    [...storage.keys()]
      .filter((key) => key.startsWith(`${model}:`))
      .map(read)
      .find((payload) => payload?.[field] === value)
  return {
    upsert(id, payload, expiresIn) {
      const expiresAt = expiresIn ? Date.now() + expiresIn * 1000 : Number.MAX_SAFE_INTEGER
      storage.set(keyOf(id), { payload: structuredClone(payload), expiresAt })
      return Promise.resolve()
    },
    find: (id) => Promise.resolve(structuredClone(read(keyOf(id)))),
    findByUid: (uid) => Promise.resolve(findBy('uid', uid)),
    findByUserCode: (userCode) => Promise.resolve(findBy('userCode', userCode)),
    consume(id) {
      const entry = storage.get(keyOf(id))
      const consumed = Math.floor(Date.now() / 1000)
      if (entry) storage.set(keyOf(id), { ...entry, payload: { ...entry.payload, consumed } })
      return Promise.resolve()
    },
    destroy(id) {
      storage.delete(keyOf(id))
      return Promise.resolve()
    },
    revokeByGrantId(grantId) {
      for (const [key, { payload }] of storage) {
        if (payload.grantId === grantId) storage.delete(key)
      }
      return Promise.resolve()
    },
  }
}
