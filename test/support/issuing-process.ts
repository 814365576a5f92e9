import { Redis } from 'ioredis'
import pg from 'pg'
import { symmetricKey } from '../../src/index.js'
import { createTokenIssuer, type RefreshStore } from '../../src/issuer/index.js'
import { createPostgresRefreshStore } from '../../src/postgres/index.js'
import { createRedisRefreshStore } from '../../src/redis/index.js'
import type { Answer, Task } from './issuing-processes.js'

const [url = '', dieAt = ''] = process.argv.slice(2)

function openStore(): RefreshStore {
  if (url.startsWith('redis:')) return createRedisRefreshStore(new Redis(url))
  return createPostgresRefreshStore(new pg.Pool({ connectionString: url }))
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

// Dies before a step, once its command is on its way to the store, or when the store has answered.
function mortal(store: RefreshStore): RefreshStore {
  return new Proxy(store, {
    get(target, name: keyof RefreshStore) {
      const step = target[name].bind(target) as (...input: unknown[]) => Promise<unknown>
      return async (...input: unknown[]) => {
        if (dieAt === `before ${name}`) die()
        const answer = step(...input)
        if (dieAt === `during ${name}`) setImmediate(die)
        await answer
        if (dieAt === `after ${name}`) die()
        return answer
      }
    },
  })
}

const events: string[] = []
const issuer = createTokenIssuer({
  issuer: 'https://issuer.example',
  audience: 'api',
  keys: symmetricKey('a secret of the tests that is long enough'),
  store: mortal(openStore()),
  onEvent: ({ type }) => events.push(type),
})

async function work(task: Task): Promise<Answer> {
  events.length = 0
  const results = await Promise.all(
    Array.from({ length: task.times }, () => issuer.refresh(task.token)),
  )
  const answers = results.map((result) =>
    result.kind === 'success' ? result.tokens.refreshToken : result.reason,
  )
  return { answers, events }
}

process.on('message', (task: Task) => {
  void work(task).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
