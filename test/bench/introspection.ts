import { setTimeout as pause } from 'node:timers/promises'
import { jwtBearer } from 'express-jwt-bearer'
import { introspection } from 'express-jwt-bearer/introspection'
import { audience, issuer } from './material.js'
import { exactly, type Row } from './measure.js'
import { megabytes } from './memory.js'
import { bearer, walkOf } from './walk.js'

const flood = 10_000
const known = 'a-token-that-is-remembered'

/** What 10,000 opaque tokens at once do while the endpoint takes its time. */
export async function measure(): Promise<Row[]> {
  let inFlight = 0
  let most = 0
  const exp = Math.floor(Date.now() / 1000) + 3600
  const walk = walkOf(
    jwtBearer({
      audience,
      tokenValidationParameters: { validIssuer: issuer },
      introspection: introspection({
        introspectionEndpoint: 'https://issuer.example/introspect',
        clientId: 'orders',
        clientSecret: 'a secret of the benchmark',
        tokens: 'all',
        fetch: async () => {
          inFlight += 1
          most = Math.max(most, inFlight)
          await pause(20)
          inFlight -= 1
          return Response.json({ active: true, iss: issuer, aud: audience, sub: 'alice', exp })
        },
      }),
    }),
  )
  const wave = (name: string) => {
    const tokens = Array.from({ length: flood }, (_, number) => `${name}-${String(number)}`)
    return Promise.all(tokens.map(async (token) => walk(bearer(token))))
  }
  await walk(bearer(known))
  await wave('first')
  // Pushed out by the first wave, perhaps.
  await walk(bearer(known))
  const before = megabytes()
  const flooded = wave('second')
  let refused = 0
  for (let asked = 0; asked < 100; asked += 1) {
    if ((await Promise.race([walk(bearer(known)), pause(300, false)])) !== true) refused += 1
    await pause(5)
  }
  await flooded
  return [
    row('calls in flight under 10,000 opaque tokens, endpoint slow', 'count', most, 64),
    row('growth over a second flood', 'MB', megabytes() - before, 1),
    row('remembered tokens refused out of 100 in the flood', 'count', refused, 0),
  ]
}

function row(what: string, unit: string, value: number, atMost: number): Row {
  return {
    section: 'introspection',
    what,
    unit,
    ours: exactly(value),
    peers: {},
    target: { atMost },
  }
}
