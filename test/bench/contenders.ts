import { pathToFileURL } from 'node:url'
import type { RequestHandler } from 'express'
import * as ourselves from 'express-jwt-bearer'
import type { JwtBearerOptions } from 'express-jwt-bearer'
import { audience, issuer, nameOf, type Alg, type Keys } from './material.js'

/** What a contender is set up with. */
export interface Setting extends Pick<Keys, 'key' | 'jwk' | 'pem'> {
  readonly algorithm: string
  readonly issuer: string
  readonly audience: string
  /** Set where the contender must fetch its keys, if it can. */
  readonly jwksUri?: string | undefined
  /** Where the keys are published, for those who take no others. */
  readonly publishedAt: string
}

interface Peer {
  readonly algs: readonly Alg[]
  readonly caches?: boolean
  readonly fetchesKeys?: boolean
  readonly middleware: (setting: Setting) => RequestHandler
  readonly check?: (setting: Setting) => (token: string) => unknown
}

export const us = 'express-jwt-bearer'

/** Another build of this package, from the folder that `EARLIER_BUILD` names. */
export const earlier = 'an earlier build'

async function loadEarlier(): Promise<typeof ourselves> {
  const index = pathToFileURL(`${process.env['EARLIER_BUILD'] ?? ''}/index.js`)
  return (await import(index.href)) as typeof ourselves
}

export async function loadPeers(): Promise<Readonly<Record<string, Peer>>> {
  const path = './peers.js'
  const { peers } = (await import(path)) as { peers: Readonly<Record<string, Peer>> }
  return peers
}

/** The peers to put under load; in a quick run only those that came closest in the full one. */
export async function peersUnderLoad(quick: boolean): Promise<readonly [string, Peer][]> {
  const closest = ['express-jwt', 'jose', 'fast-jwt, cached']
  return Object.entries(await loadPeers()).filter(([name]) => !quick || closest.includes(name))
}

export function settingOf(keys: Keys, publishedAt: string, fetchKeys = false): Setting {
  const { key, jwk, pem } = keys
  const jwksUri = fetchKeys ? publishedAt : undefined
  return { algorithm: nameOf(keys.alg), key, jwk, pem, issuer, audience, jwksUri, publishedAt }
}

/** Our own options for the same setting. */
export function ourOptions(
  { key, jwksUri }: Setting,
  tokenCache?: JwtBearerOptions['tokenCache'],
  tryAllIssuerSigningKeys = true,
): JwtBearerOptions {
  const keySource = jwksUri === undefined ? { issuerSigningKey: key } : {}
  return {
    audience,
    tokenCache,
    tokenValidationParameters: { validIssuer: issuer, tryAllIssuerSigningKeys, ...keySource },
    ...(jwksUri === undefined ? {} : { jwksUri, requireHttpsMetadata: false }),
  }
}

/** What the handlers are to do beyond checking tokens. */
export interface Wishes {
  readonly cacheSize?: number | undefined
  /** A scope that every caller must have. */
  readonly scope?: string | undefined
  readonly tryAllIssuerSigningKeys?: boolean | undefined
}

/** The handlers in front of the route. */
export async function handlersOf(
  name: string,
  setting: Setting,
  { cacheSize, scope, tryAllIssuerSigningKeys }: Wishes = {},
): Promise<RequestHandler[]> {
  if (name === 'bare Express') return []
  if (name === us || name === earlier) {
    const { authorize, jwtBearer } = name === us ? ourselves : await loadEarlier()
    const tokenCache = cacheSize === undefined ? undefined : { maxEntries: cacheSize }
    const guard =
      scope === undefined ? authorize() : authorize((policy) => policy.requireScope(scope))
    return [jwtBearer(ourOptions(setting, tokenCache, tryAllIssuerSigningKeys)), guard]
  }
  const { middleware } = (await loadPeers())[name] as Peer
  return scope === undefined ? [middleware(setting)] : [middleware(setting), scopeByHand(scope)]
}

// Where each of them leaves the claims, and what its users write behind it.
function scopeByHand(scope: string): RequestHandler {
  return (req, _, next) => {
    const { auth, user } = req as { auth?: { payload?: Claims } & Claims; user?: Claims }
    const scopes = (auth?.payload?.scope ?? auth?.scope ?? user?.scope ?? '').split(' ')
    next(
      scopes.includes(scope) ? undefined : Object.assign(new Error('Forbidden'), { status: 403 }),
    )
  }
}

interface Claims {
  readonly scope?: string
}
