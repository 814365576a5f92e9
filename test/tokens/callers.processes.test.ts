import { setTimeout as wait } from 'node:timers/promises'
import { createRedisUserTokenStore } from 'express-jwt-bearer/redis'
import type { UserKey } from 'express-jwt-bearer/tokens'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCallingProcess, type CallingProcess } from '../support/calling-processes.js'
import { startProviderProcess } from '../support/provider-processes.js'
import { startRedis } from '../support/redis.js'

const lifetime = 1
const provider = await startProviderProcess(lifetime)
const redis = await startRedis({ appendOnly: true })
const client = new Redis(redis.url)
client.on('error', () => undefined)
let processes: CallingProcess[]
const { seen } = provider

beforeAll(async () => {
  const starting = Array.from({ length: 4 }, () => startCallingProcess(provider.url, redis.url))
  processes = await Promise.all(starting)
})

afterAll(async () => {
  for (const each of processes) each.kill()
  client.disconnect()
  await provider.stop()
  await redis.stop()
})

async function signIn(subject: string): Promise<UserKey> {
  const user = { subject, sessionId: `session of ${subject}` }
  await createRedisUserTokenStore(client).storeToken(user, {
    accessToken: 'over already',
    expiration: new Date(0),
    refreshToken: await provider.signIn(subject),
  })
  Object.assign(seen, { refreshes: [], refused: 0, revokedGrants: 0 })
  return user
}

async function call(users: UserKey[], callers: number, seconds: number) {
  const reports = await Promise.all(processes.map((each) => each.call({ users, callers, seconds })))
  const all = (name: 'tokens' | 'codes') => [...new Set(reports.flatMap((each) => each[name]))]
  return {
    tokens: all('tokens'),
    codes: all('codes'),
    ended: reports.reduce((sum, { ended }) => sum + ended, 0),
    everyoneSucceeded: reports.every(({ successes }) => successes > 0),
  }
}

describe('a hundred callers in four processes', { timeout: 100_000 }, () => {
  test('cost one refresh per expiry, and no call fails over fifty expiries', async () => {
    const user = await signIn('alice')
    const report = await call([user], 25, 48)
    expect(report).toMatchObject({ codes: [], ended: 0, everyoneSucceeded: true })
    expect(seen.refreshes.length).toBeGreaterThan(50)
    expect(report.tokens).toHaveLength(seen.refreshes.length)
    expect(seen).toMatchObject({ refused: 0, revokedGrants: 0 })
    // A token is used until its buffer, a fifth of its lifetime, begins. Instants are those of the
    // provider, so they shift by what a refresh takes.
    const { refreshes } = seen
    const gaps = refreshes.slice(1).map((at, index) => at - (refreshes[index] as number))
    expect(Math.min(...gaps)).toBeGreaterThan(lifetime * 800 - 100)
  })

  test('see nobody signed out by a provider that is killed for ten seconds', async () => {
    const users = [await signIn('bob'), await signIn('carol'), await signIn('dave')]
    const calling = call(users, 8, 28)
    await expect.poll(() => seen.refreshes.length, { timeout: 5000 }).toBeGreaterThan(5)
    // The sessions refresh in step; between two steps no refresh is under way.
    await wait(300)
    await provider.kill()
    await wait(10_000)
    await provider.restart()
    const before = seen.refreshes.length
    const report = await calling
    expect(report).toMatchObject({ codes: ['refresh_unavailable'], ended: 0 })
    expect(seen.refreshes.length).toBeGreaterThan(before + 3)
    expect(seen).toMatchObject({ refused: 0, revokedGrants: 0 })
    const after = await call(users, 1, 1)
    expect(after).toMatchObject({ codes: [], ended: 0, everyoneSucceeded: true })
  })

  test('go on by themselves after Redis was killed and came back', async () => {
    const user = await signIn('erin')
    const calling = call([user], 8, 12)
    await expect.poll(() => seen.refreshes.length, { timeout: 5000 }).toBeGreaterThan(1)
    await redis.kill()
    await wait(2000)
    await redis.restart()
    const report = await calling
    expect(report.codes.filter((code) => code !== 'store_unavailable')).toEqual([])
    expect(report.ended).toBe(0)
    const after = await call([user], 1, 1)
    expect(after).toMatchObject({ codes: [], ended: 0, everyoneSucceeded: true })
    expect(seen).toMatchObject({ refused: 0, revokedGrants: 0 })
  })
})
