import { jwtBearer } from 'express-jwt-bearer'
import { ourOptions, settingOf } from './contenders.js'
import { generateMaterial, keysOf, makeToken } from './material.js'
import { exactly, type Row } from './measure.js'
import { bearer, walkOf } from './walk.js'

const entries = 10_000

/** What remembered tokens take, and whether it stays so however many come. */
export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const keys = keysOf(generateMaterial('HS256'))
  const walk = walkOf(jwtBearer(ourOptions(settingOf(keys, ''), { maxEntries: entries })))
  let made = 0
  const send = async (count: number) => {
    for (const end = made + count; made < end; made += 1) {
      if (!(await walk(bearer(makeToken(keys, made))))) throw new Error('a good token was refused')
    }
  }
  const total = quick ? 100_000 : 1_000_000
  // The code itself takes room the first time it runs; these tokens are all pushed out again.
  await send(100)
  const empty = megabytes()
  await send(entries)
  const full = megabytes()
  await send(total - entries)
  const later = megabytes()
  return [
    {
      section: 'memory',
      what: `${entries.toLocaleString('en')} remembered tokens`,
      unit: 'MB',
      ours: exactly(full - empty),
      peers: {},
      target: { atMost: 15 },
      limit: '≈ 6 of text',
    },
    {
      section: 'memory',
      what: `growth from ${entries.toLocaleString('en')} to ${total.toLocaleString('en')} distinct tokens`,
      unit: 'MB',
      ours: exactly(later - full),
      peers: {},
      target: { atMost: 1 },
      limit: '0',
    },
  ]
}

/** What lives in this process, after everything else has been collected. */
export function megabytes(): number {
  for (let times = 0; times < 4; times += 1) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1e6
}
