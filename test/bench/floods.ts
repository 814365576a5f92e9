import { peersUnderLoad, us, type Wishes } from './contenders.js'
import { generateMaterial, keysOf, makeToken, type Keys, type SigningMaterial } from './material.js'
import { measured } from './http.js'
import { bestOf, inRounds, summarise, type Row } from './measure.js'
import { pace, startLoad, startServer, type Load } from './processes.js'

/** Requests that are refused. */
export interface Flood {
  /** What it is called on the command line. */
  readonly name: string
  readonly what: string
  /** Nothing for a request without a token. */
  readonly token: (keys: Keys, stranger: Keys, number: number) => string | undefined
  /** Whether those who can fetch keys do, and the others are left out. */
  readonly fetchKeys?: boolean
  readonly wishes?: Wishes
  /** Set where ours does more than anybody else, so that nobody is a measure for it. */
  readonly informs?: boolean
}

const past = { iat: 1_600_000_000, exp: 1_600_003_600 }

export const floods: readonly Flood[] = [
  {
    name: 'bad',
    what: 'bad signatures',
    token: (_, stranger, number) => makeToken(stranger, number),
  },
  {
    name: 'malformed',
    what: 'malformed tokens',
    token: (_keys, _, number) => `${number}.${'x'.repeat(600)}`,
  },
  {
    name: 'expired',
    what: 'expired tokens',
    token: (keys, _, number) => makeToken(keys, number, { claims: past }),
  },
  {
    name: 'kid',
    what: 'unknown kids',
    token: strangers,
    fetchKeys: true,
    wishes: { tryAllIssuerSigningKeys: false },
  },
  {
    name: 'every-key',
    what: 'unknown kids, every key tried',
    token: strangers,
    fetchKeys: true,
    informs: true,
  },
  {
    name: 'scope',
    what: 'scope missing',
    token: (keys, _, number) => makeToken(keys, number),
    wishes: { scope: 'orders.delete' },
  },
  { name: 'no-token', what: 'no token', token: () => undefined },
]

function strangers(_: Keys, stranger: Keys, number: number): string {
  return makeToken(stranger, number, { header: { kid: `${number}` } })
}

/** Answers per second to requests that are refused. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const load = await startLoad()
  const material = generateMaterial('RS256')
  const keys = keysOf(material)
  const stranger = keysOf(generateMaterial('RS256'))
  const rows: Row[] = []
  for (const flood of quick ? floods.slice(0, 3) : floods) {
    await load.use(tokensOf(flood, keys, stranger))
    rows.push(...(await measureFlood(load, flood, material, quick)))
  }
  return rows
}

/** Makes the tokens of a flood. */
export function tokensOf(flood: Flood, keys: Keys, stranger: Keys): (string | undefined)[] {
  return Array.from({ length: 1000 }, (_, number) => flood.token(keys, stranger, number))
}

async function measureFlood(
  load: Load,
  { what, fetchKeys = false, wishes = {}, informs = false }: Flood,
  material: SigningMaterial,
  quick: boolean,
): Promise<Row[]> {
  const peers = (await peersUnderLoad(quick)).filter(
    // Bad tokens are in nobody's cache; good ones that lack a scope are.
    ([, { caches, fetchesKeys }]) =>
      (caches !== true || wishes.scope !== undefined) && (!fetchKeys || fetchesKeys),
  )
  const names = [us, ...peers.map(([name]) => name)]
  const servers = await Promise.all(
    names.map((contender) => startServer({ contender, material, fetchKeys, ...wishes })),
  )
  const { warmUp, rounds, seconds } = pace(quick)
  for (const server of servers) await load.run(server, warmUp, 'refused')
  const results = await inRounds(rounds, servers, (server) => load.run(server, seconds, 'refused'))
  for (const server of servers) server.stop()

  const byName = new Map([...results].map(([{ contender }, rounds]) => [contender, rounds]))
  const rates = measured(byName, (rounds) => summarise(rounds.map(({ rate }) => rate)))
  const costs = measured(byName, (rounds) => summarise(rounds.map(({ cost }) => cost.main)))
  return [
    {
      section: 'flood',
      what,
      unit: 'answers per second',
      ...rates,
      target: informs ? undefined : { atLeast: bestOf(rates.peers, 'max') },
    },
    { section: 'flood cost', what, unit: 'µs per answer, main thread', ...costs },
  ]
}
