import { createHmac, timingSafeEqual, verify } from 'node:crypto'
import { jwtBearer } from 'express-jwt-bearer'
import { loadPeers, ourOptions, settingOf, us, type Setting } from './contenders.js'
import { costOf, type Cost } from './cpu.js'
import {
  algs,
  asUsed,
  generateMaterial,
  hashOf,
  keysOf,
  makeTokens,
  type Alg,
  type Keys,
} from './material.js'
import { inRounds, ratios, summarise, type Measured, type Row } from './measure.js'
import { bearer, walkOf } from './walk.js'

interface Contender {
  readonly name: string
  /** Checks the next token. */
  readonly check: () => unknown
  readonly costs: Cost[]
}

type MakeContender = (name: string, check: (token: string) => unknown) => Contender

const primitive = 'primitive + decoding'

/** What a check costs within one process, beside the others and beside the bare primitive. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const rows: Row[] = []
  for (const alg of quick ? algs.slice(0, 2) : algs) rows.push(...(await measureAlg(alg, quick)))
  return rows
}

async function measureAlg(alg: Alg, quick: boolean): Promise<Row[]> {
  const keys = keysOf(generateMaterial(alg))
  const setting = settingOf(keys, 'https://issuer.example/jwks')
  const rounds = quick ? 3 : 9
  // Five times as many as our cache holds, in turn, so that none is ever found in it.
  const tokens = makeTokens(keys, 5000)
  const fresh = contender(tokens)
  const base = fresh(primitive, primitiveOf(keys))
  const anew = await measureAll(
    [
      oursFor(setting, tokens),
      base,
      ...(await peersFor(alg, { cached: false, setting, make: fresh })),
    ],
    { rounds, count: 3000 },
  )
  const few = tokens.slice(0, 500)
  const upToNext = middlewareFor(setting, few)
  const again = await measureAll(
    [
      oursFor(setting, few),
      ...(await peersFor(alg, { cached: true, setting, make: contender(few) })),
    ],
    { rounds, count: quick ? 20_000 : 100_000 },
  )
  await measureAll([upToNext], { rounds, count: quick ? 20_000 : 100_000 })
  return [
    missRow(alg, anew, base),
    costRow(`new token, ${alg}`, 'main', anew),
    costRow(`new token, ${alg}`, 'process', anew),
    { ...costRow(`known token, ${alg}`, 'main', again), target: { atMost: 1 }, limit: '0.25' },
    costRow(`known token, ${alg}, up to Express's next()`, 'main', [upToNext]),
  ]
}

function contender(inputs: readonly string[]): MakeContender {
  return (name, check) => {
    let index = 0
    return { name, check: () => check(inputs[index++ % inputs.length] as string), costs: [] }
  }
}

function oursFor(setting: Setting, tokens: readonly string[]): Contender {
  const { authenticate } = jwtBearer(ourOptions(setting))
  return contender(tokens.map(bearer))(us, (authorization) =>
    authenticate({ headers: { authorization } }),
  )
}

// With all that Express asks of a middleware: finding the request's state, and leaving the caller there.
function middlewareFor(setting: Setting, tokens: readonly string[]): Contender {
  return contender(tokens.map(bearer))(us, walkOf(jwtBearer(ourOptions(setting))))
}

async function peersFor(
  alg: Alg,
  { cached, setting, make }: { cached: boolean; setting: Setting; make: MakeContender },
): Promise<Contender[]> {
  return Object.entries(await loadPeers()).flatMap(([name, { algs, caches = false, check }]) =>
    algs.includes(alg) && caches === cached && check !== undefined
      ? [make(name, check(setting))]
      : [],
  )
}

async function measureAll(
  contenders: readonly Contender[],
  { rounds, count }: { rounds: number; count: number },
): Promise<readonly Contender[]> {
  for (const { check } of contenders) await costOf(check, count)
  await inRounds(rounds, contenders, async ({ check, costs }) => {
    const cost = await costOf(check, count)
    costs.push(cost)
    return cost.main
  })
  return contenders
}

function costRow(what: string, thread: keyof Cost, contenders: readonly Contender[]): Row {
  const unit = `µs, ${thread === 'main' ? 'main thread' : 'whole process'}`
  return rowOf({ what, unit }, contenders, ({ costs }) =>
    summarise(costs.map((cost) => cost[thread])),
  )
}

const factors: Partial<Record<Alg, number>> = { HS256: 1.3, RS256: 1.15 }

function missRow(alg: Alg, contenders: readonly Contender[], base: Contender): Row {
  const mainOf = ({ costs }: Contender) => costs.map(({ main }) => main)
  const atMost = factors[alg]
  return {
    ...rowOf(
      { what: `new token, ${alg}`, unit: `× ${primitive}, main thread` },
      contenders.filter((one) => one !== base),
      (one) => ratios(mainOf(one), mainOf(base)),
    ),
    target: atMost === undefined ? undefined : { atMost },
    limit: '1.00',
  }
}

function rowOf(
  row: Pick<Row, 'what' | 'unit'>,
  contenders: readonly Contender[],
  measured: (contender: Contender) => Measured,
): Row {
  const [ours, ...others] = contenders as [Contender, ...Contender[]]
  return {
    section: 'cost',
    ...row,
    ours: measured(ours),
    peers: Object.fromEntries(others.map((other) => [other.name, measured(other)])),
  }
}

// The least that any check must do: decode header and payload, and run the primitive on the spot.
function primitiveOf({ alg, key }: Keys): (token: string) => unknown {
  return (token) => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    JSON.parse(Buffer.from(header, 'base64url').toString())
    JSON.parse(Buffer.from(payload, 'base64url').toString())
    const signed = Buffer.from(`${header}.${payload}`, 'latin1')
    const given = Buffer.from(signature, 'base64url')
    if (alg === 'HS256') {
      return timingSafeEqual(createHmac('sha256', key).update(signed).digest(), given)
    }
    return verify(hashOf(alg), signed, asUsed(alg, key), given)
  }
}
