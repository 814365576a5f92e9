import { loadPeers, us } from './contenders.js'
import {
  algs,
  generateMaterial,
  keysOf,
  makeTokens,
  type Alg,
  type SigningMaterial,
} from './material.js'
import { bestOf, inRounds, ratios, type Measured, type Row } from './measure.js'
import { startLoad, startServer, type Load } from './processes.js'

const bare = 'bare Express'

interface Case {
  readonly what: string
  readonly tokens: number
  readonly cacheSize?: number | undefined
  /** What each row is held to; without it, the best peer. */
  readonly atLeast?: number | undefined
  readonly limit?: string | undefined
}

const cases: readonly Case[] = [
  { what: 'same token', tokens: 1, atLeast: 0.9, limit: '1.00' },
  {
    what: '5,000 tokens, cache of 10,000',
    tokens: 5000,
    cacheSize: 10_000,
    atLeast: 0.85,
    limit: '1.00',
  },
  // More tokens than the cache holds, in turn: none is ever found in it.
  { what: 'every token new', tokens: 5000 },
]

/** Requests per second over HTTP, as a share of a route of Express without any check. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const load = await startLoad()
  const rows: Row[] = []
  for (const alg of quick ? algs.slice(0, 2) : algs) {
    const material = generateMaterial(alg)
    const tokens = makeTokens(keysOf(material), 5000)
    for (const one of cases) {
      await load.use(tokens.slice(0, one.tokens))
      rows.push(await measureCase(load, one, material, quick))
    }
  }
  return rows
}

async function measureCase(
  load: Load,
  { what, cacheSize, atLeast, limit }: Case,
  material: SigningMaterial,
  quick: boolean,
): Promise<Row> {
  const { alg } = material
  // Without a cache it does not matter which tokens come.
  const names = await contendersFor(alg, atLeast === undefined ? 'new' : 'cached', quick)
  const servers = await Promise.all(
    names.map((contender) => startServer({ contender, material, cacheSize })),
  )
  for (const { port } of servers) await load.run(port, quick ? 0.5 : 2, 'accepted')
  const rates = await inRounds(quick ? 3 : 7, servers, ({ port }) =>
    load.run(port, quick ? 0.5 : 2, 'accepted'),
  )
  for (const server of servers) server.stop()

  const base = ratesOf(bare)
  const shares: Record<string, Measured> = {}
  for (const name of names.filter((one) => one !== bare)) shares[name] = ratios(ratesOf(name), base)
  const { [us]: ours, ...peers } = shares
  return {
    section: 'HTTP',
    what: `${what}, ${alg}`,
    unit: 'share of bare Express',
    ours: ours as Measured,
    peers,
    target: { atLeast: atLeast ?? bestOf(peers, 'max') },
    limit,
  }

  function ratesOf(name: string): number[] {
    const server = servers.find(({ contender }) => contender === name)
    return rates.get(server as (typeof servers)[number]) ?? []
  }
}

async function contendersFor(
  alg: Alg,
  tokens: 'new' | 'cached',
  quick: boolean,
): Promise<string[]> {
  const peers = Object.entries(await loadPeers()).filter(([, peer]) => peer.algs.includes(alg))
  const shown = peers.filter(
    ([name, { caches = false }]) =>
      caches === (tokens === 'cached') || (name === 'express-jwt' && !quick),
  )
  return [bare, us, ...shown.map(([name]) => name)]
}
