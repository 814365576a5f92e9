import { scrypt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { jwtBearer } from 'express-jwt-bearer'
import { loadPeers, ourOptions, settingOf } from './contenders.js'
import { generateMaterial, keysOf, makeTokens, type Alg, type Keys } from './material.js'
import { exactly, type Row } from './measure.js'
import { bearer, walkOf } from './walk.js'

/** How long a check takes while eight logins at once keep the thread pool busy with password hashing. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const rows: Row[] = []
  for (const alg of quick ? (['RS256'] as const) : (['HS256', 'RS256'] as const)) {
    for (const cached of quick ? [false] : [false, true]) rows.push(await measureOne(alg, cached))
  }
  return rows
}

async function measureOne(alg: Alg, cached: boolean): Promise<Row> {
  const keys = keysOf(generateMaterial(alg))
  const tokens = cached ? makeTokens(keys, 1) : makeTokens(keys, 2000)
  const ours = await delayOf(oursFor(keys), tokens)
  const peers = cached ? {} : { jose: exactly(await delayOf(await joseFor(keys), tokens)) }
  return {
    section: 'busy pool',
    what: `${alg}, ${cached ? 'known token' : 'new tokens'}, 8 scrypt logins`,
    unit: 'ms of p99 beyond idle',
    ours: exactly(ours),
    peers,
    target: { atMost: 5 },
  }
}

type Check = (token: string) => unknown

function oursFor(keys: Keys): Check {
  const walk = walkOf(jwtBearer(ourOptions(settingOf(keys, ''))))
  return (token) => walk(bearer(token))
}

async function joseFor(keys: Keys): Promise<Check> {
  const { jose } = await loadPeers()
  return jose?.check?.(settingOf(keys, '')) as Check
}

async function delayOf(check: Check, tokens: readonly string[]): Promise<number> {
  for (const token of tokens) await check(token)
  const idle = await p99(check, tokens, pause(1500))
  const logins = Promise.all(Array.from({ length: 8 }, login))
  const busy = await p99(check, tokens, logins)
  return busy - idle
}

function login(): Promise<void> {
  return new Promise((resolve, reject) => {
    const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }
    scrypt('correct horse battery staple', 'salt', 64, cost, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

async function p99(
  check: Check,
  tokens: readonly string[],
  until: Promise<unknown>,
): Promise<number> {
  const times: number[] = []
  let over = false
  void until.then(() => (over = true))
  for (let index = 0; !over; index += 1) {
    const started = performance.now()
    await check(tokens[index % tokens.length] as string)
    times.push(performance.now() - started)
    await pause(2)
  }
  times.sort((one, other) => one - other)
  return times[Math.floor(times.length * 0.99)] as number
}
