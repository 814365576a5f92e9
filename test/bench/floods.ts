import { peersUnderLoad, us } from './contenders.js'
import { generateMaterial, keysOf, makeToken, type Keys, type SigningMaterial } from './material.js'
import { bestOf, inRounds, summarise, type Measured, type Row } from './measure.js'
import { pace, startLoad, startServer, type Load } from './processes.js'

interface Flood {
  readonly what: string
  readonly token: (keys: Keys, stranger: Keys, number: number) => string
  /** Whether those who can fetch keys do, and the others are left out. */
  readonly fetchKeys?: boolean
}

const past = { iat: 1_600_000_000, exp: 1_600_003_600 }

const floods: readonly Flood[] = [
  { what: 'bad signatures', token: (_, stranger, number) => makeToken(stranger, number) },
  { what: 'malformed tokens', token: (_keys, _, number) => `${number}.${'x'.repeat(600)}` },
  { what: 'expired tokens', token: (keys, _, number) => makeToken(keys, number, { claims: past }) },
  {
    what: 'unknown kids',
    token: (_, stranger, number) => makeToken(stranger, number, { header: { kid: `${number}` } }),
    fetchKeys: true,
  },
]

/** Answers per second to requests that are refused. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const load = await startLoad()
  const material = generateMaterial('RS256')
  const keys = keysOf(material)
  const stranger = keysOf(generateMaterial('RS256'))
  const rows: Row[] = []
  for (const flood of floods) {
    const tokens = Array.from({ length: 1000 }, (_, number) => flood.token(keys, stranger, number))
    await load.use(tokens)
    rows.push(await measureFlood(load, flood, material, quick))
  }
  return rows
}

async function measureFlood(
  load: Load,
  { what, fetchKeys = false }: Flood,
  material: SigningMaterial,
  quick: boolean,
): Promise<Row> {
  const peers = (await peersUnderLoad(quick)).filter(
    ([, peer]) => peer.caches !== true && (!fetchKeys || peer.fetchesKeys),
  )
  const names = [us, ...peers.map(([name]) => name)]
  const servers = await Promise.all(
    names.map((contender) => startServer({ contender, material, fetchKeys })),
  )
  const { warmUp, rounds, seconds } = pace(quick)
  for (const server of servers) await load.run(server, warmUp, 'refused')
  const rates = await inRounds(rounds, servers, (server) => load.run(server, seconds, 'refused'))
  for (const server of servers) server.stop()

  const measured = [...rates].map(([{ contender }, values]) => [
    contender,
    summarise(values.map(({ rate }) => rate)),
  ])
  const { [us]: ours, ...others } = Object.fromEntries(measured) as Record<string, Measured>
  return {
    section: 'flood',
    what,
    unit: 'answers per second',
    ours: ours as Measured,
    peers: others,
    target: { atLeast: bestOf(others, 'max') },
  }
}
