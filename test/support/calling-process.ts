import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import * as oidc from 'openid-client'
import { createRedisUserTokenStore } from '../../src/redis/index.js'
import { createTokenManager, openidClient } from '../../src/tokens/index.js'
import type { CallReport, CallTask } from './calling-processes.js'
import { webClient } from './oidc-provider.js'

const [issuer = '', redisUrl = ''] = process.argv.slice(2)

const config = await oidc.discovery(
  new URL(issuer),
  webClient.client_id,
  webClient.client_secret,
  undefined,
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the provider is on loopback
  { execute: [oidc.allowInsecureRequests] },
)
const redis = new Redis(redisUrl)
// A server that is away is part of the test.
redis.on('error', () => undefined)

let report: { tokens: Set<string>; codes: Set<string>; successes: number; ended: number }
const manager = createTokenManager({
  client: openidClient(config),
  store: createRedisUserTokenStore(redis),
  onEvent: ({ kind }) => (report.ended += kind === 'sessionEnded' ? 1 : 0),
})

async function call({ users, callers, seconds }: CallTask): Promise<CallReport> {
  report = { tokens: new Set(), codes: new Set(), successes: 0, ended: 0 }
  const end = Date.now() + seconds * 1000
  async function callAsLongAsAsked(user: CallTask['users'][number]): Promise<void> {
    while (Date.now() < end) {
      const result = await manager.getAccessToken(user)
      if (result.kind === 'success') {
        report.successes += 1
        report.tokens.add(createHash('sha256').update(result.accessToken).digest('hex'))
      } else {
        report.codes.add(result.error.code)
      }
      await wait(50 + Math.random() * 50)
    }
  }
  await Promise.all(
    users.flatMap((user) => Array.from({ length: callers }, () => callAsLongAsAsked(user))),
  )
  return { ...report, tokens: [...report.tokens], codes: [...report.codes] }
}

process.on('message', (task: CallTask) => {
  void call(task).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
