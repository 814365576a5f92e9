import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { handlersOf, loadPeers, settingOf, us } from './contenders.js'
import { generateMaterial, keysOf, makeToken, makeTokens } from './material.js'
import { exactly, type Measured, type Row } from './measure.js'
import { bearer, walkOf } from './walk.js'

const flood = 10_000
// Who has not answered after so many milliseconds counts as refusing.
const patience = 300

/** What 10,000 tokens with random `kid`s do: how often the key set is fetched, and how many good tokens suffer. */
export async function measure(): Promise<Row[]> {
  const peers = Object.entries(await loadPeers()).filter(
    ([, { fetchesKeys, caches }]) => fetchesKeys === true && caches !== true,
  )
  const fetches: Record<string, Measured> = {}
  const refusals: Record<string, Measured> = {}
  for (const name of [us, ...peers.map(([peer]) => peer)]) {
    const counted = await floodOne(name)
    fetches[name] = exactly(counted.fetches)
    refusals[name] = exactly(counted.refused)
  }
  const row = (
    what: string,
    counts: Record<string, Measured>,
    atMost: number,
    limit: string,
  ): Row => {
    const { [us]: ours, ...others } = counts
    return {
      section: 'key flood',
      what,
      unit: 'count',
      ours: ours as Measured,
      peers: others,
      target: { atMost },
      limit,
    }
  }
  return [
    row('fetches of the key set under 10,000 random kids', fetches, 2, '1'),
    row('good tokens refused out of 100, before, in and after the flood', refusals, 0, '0'),
  ]
}

async function floodOne(name: string): Promise<{ fetches: number; refused: number }> {
  const known = keysOf(generateMaterial('RS256'))
  const stranger = keysOf(generateMaterial('RS256'))
  let fetches = 0
  const server = createServer((_, response) => {
    fetches += 1
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ keys: [known.jwk] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const setting = settingOf(known, `http://127.0.0.1:${port}/jwks`, true)
  const [middleware] = await handlersOf(name, setting)
  const walk = walkOf(middleware as Exclude<typeof middleware, undefined>)

  const bad = makeToken(stranger, 0)
  const [, payload, signature] = bad.split('.')
  const randomKid = (number: number) => {
    const header = { alg: 'RS256', kid: `random-${number}`, typ: 'at+jwt' }
    const encoded = Buffer.from(JSON.stringify(header)).toString('base64url')
    return `${encoded}.${String(payload)}.${String(signature)}`
  }
  let refused = 0
  for (const [hundredth, good] of makeTokens(known, 100).entries()) {
    const size = flood / 100
    const batch = Array.from({ length: size }, (_, index) => randomKid(hundredth * size + index))
    const requests = [good, ...batch].map(bearer)
    const answers = Promise.all(requests.map(async (request) => walk(request)))
    const [accepted] = await Promise.race([answers, pause(patience, [false], { ref: false })])
    if (accepted !== true) refused += 1
  }
  server.close()
  server.closeAllConnections()
  return { fetches, refused }
}
