import fc from 'fast-check'
import { ConfigurationError, jwtBearer } from 'express-jwt-bearer'
import { safeReturnUrl } from 'express-jwt-bearer/session'
import { audience } from './material.js'
import { mutate, mutations } from './mutations.js'
import { defineTarget } from './target.js'

const origin = 'https://app.example'

const path = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        '/orders',
        '//evil.example',
        '/\\evil.example',
        'https://evil.example',
        '/%2f/x',
        '/a/..//b',
      ),
      mutations,
    )
    .map(([text, changes]) => mutate(text, changes)),
  fc.webPath(),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.string({ unit: 'binary' }),
)

/** Addresses to come back to: none leaves the site, however a browser reads it. */
export const returnUrls = defineTarget({
  name: 'return URLs',
  share: 1,
  mustHappen: ['kept', 'replaced'],
  input: path,
  attempt: (text) => {
    const url = safeReturnUrl(text)
    const seen = new URL(url, `${origin}/login`)
    if (seen.origin !== origin) throw new Error(`${JSON.stringify(text)} leads to ${seen.origin}`)
    // eslint-disable-next-line no-control-regex
    if (/[\u0000-\u0020\u007f]/.test(url)) throw new Error('a control character in an address')
    return url === text ? 'kept' : 'replaced'
  },
})

const authority = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        ...[
          'https://issuer.example',
          'https://user:hushhushhush@issuer.example/x',
          'http://issuer.example',
        ],
        ...['https://issuer.example/?key=hushhushhush', 'https://<TENANT>.example'],
      ),
      mutations,
    )
    .map(([text, changes]) => mutate(text, changes)),
  fc.webUrl(),
  fc.anything(),
)

/** Authorities: good, or a `ConfigurationError` that shows neither password nor query. */
export const authorities = defineTarget({
  name: 'authorities',
  share: 1,
  mustHappen: ['built', 'refused'],
  input: authority,
  attempt: (value) => {
    try {
      jwtBearer({ authority: value as string, audience })
      return 'built'
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      // As a password or in a query; elsewhere it is a host or a path and no secret.
      if (/\?[^"]*hush|hush[^"/]*@/i.test(error.message)) {
        throw new Error(`says too much: ${error.message}`, { cause: error })
      }
      return 'refused'
    }
  },
})
