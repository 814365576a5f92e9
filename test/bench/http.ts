import { peersUnderLoad, us } from './contenders.js'
import {
  algs,
  generateMaterial,
  keysOf,
  makeTokens,
  type Alg,
  type SigningMaterial,
} from './material.js'
import { bestOf, inRounds, ratios, summarise, type Measured, type Row } from './measure.js'
import { pace, startLoad, startServer, type Load, type LoadResult } from './processes.js'

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
  for (const alg of quick ? algs.slice(0, 1) : algs) {
    const material = generateMaterial(alg)
    const tokens = makeTokens(keysOf(material), 5000)
    for (const one of cases) {
      await load.use(tokens.slice(0, one.tokens))
      rows.push(...(await measureCase(load, one, material, quick)))
    }
  }
  return rows
}

async function measureCase(
  load: Load,
  { what, cacheSize, atLeast, limit }: Case,
  material: SigningMaterial,
  quick: boolean,
): Promise<Row[]> {
  const { alg } = material
  const names = await contendersFor(alg, atLeast === undefined ? 'new' : 'cached', quick)
  const servers = await Promise.all(
    names.map((contender) => startServer({ contender, material, cacheSize })),
  )
  const { warmUp, rounds, seconds } = pace(quick)
  for (const server of servers) await load.run(server, warmUp, 'accepted')
  const results = await inRounds(rounds, servers, (server) => load.run(server, seconds, 'accepted'))
  for (const server of servers) server.stop()

  const byName = new Map([...results].map(([{ contender }, rounds]) => [contender, rounds]))
  const ratesOf = (rounds: LoadResult[] = []) => rounds.map(({ rate }) => rate)
  const base = ratesOf(byName.get(bare))
  const others = new Map([...byName].filter(([name]) => name !== bare))
  const shares = measured(others, (rounds) => ratios(ratesOf(rounds), base))
  // Other work on the machine takes time from the servers, but not processor time.
  const costs = measured(byName, (rounds) => summarise(rounds.map(({ cost }) => cost.main)))
  const name = `${what}, ${alg}`
  return [
    {
      section: 'HTTP',
      what: name,
      unit: 'share of bare Express',
      ...shares,
      target: { atLeast: atLeast ?? bestOf(shares.peers, 'max') },
      limit,
    },
    { section: 'HTTP cost', what: name, unit: 'µs per request, main thread', ...costs },
  ]
}

/** Sums up what each contender did: ours, and the others. */
export function measured(
  byName: ReadonlyMap<string, LoadResult[]>,
  measure: (rounds: LoadResult[]) => Measured,
): Pick<Row, 'ours' | 'peers'> {
  const entries = [...byName].map(([name, rounds]) => [name, measure(rounds)] as const)
  const { [us]: ours, ...peers } = Object.fromEntries(entries)
  return { ours: ours as Measured, peers }
}

async function contendersFor(
  alg: Alg,
  tokens: 'new' | 'cached',
  quick: boolean,
): Promise<string[]> {
  const peers = (await peersUnderLoad(quick)).filter(([, peer]) => peer.algs.includes(alg))
  const shown = peers.filter(
    ([name, { caches = false }]) =>
      caches === (tokens === 'cached') || (name === 'express-jwt' && !quick),
  )
  return [bare, us, ...shown.map(([name]) => name)]
}
