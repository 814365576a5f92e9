import type { TokenIntrospection } from '../core/token-introspection.js'
import { createIntrospector } from './introspector.js'
import { resolveIntrospection, type IntrospectionOptions } from './options.js'

/**
 * Lets opaque tokens in: asks their issuer whether they are active, and what they say (RFC 7662).
 *
 * @remarks
 * A token that is revoked works until the answer about it is forgotten, after `cache.maxAge` seconds at most.
 *
 * @param options - Who this API is to the issuer, and how answers are remembered.
 * @returns What the option `introspection` takes; one value may serve several schemes, each with a memory of
 * its own.
 * @throws {@link ConfigurationError} when an option is missing or wrong. This happens while the app
 * starts, never during a request.
 *
 * @example JWTs and opaque tokens of one issuer
 * ```ts
 * app.use(jwtBearer({
 *   authority: 'https://issuer.example',
 *   audience: 'api://orders',
 *   introspection: introspection({
 *     clientId: 'orders-api',
 *     clientSecret: process.env['CLIENT_SECRET'],
 *   }),
 * }))
 * ```
 */
export function introspection(options: IntrospectionOptions): TokenIntrospection {
  const settings = resolveIntrospection(options)
  return Object.freeze({
    tokens: settings.tokens,
    forScheme: (around) => createIntrospector(settings, around),
  } satisfies TokenIntrospection)
}
