// How does a web app call APIs as its user, and never think about expiry?
//
//   npm run example:user-tokens
//   REDIS_URL=redis://localhost:6379 PROCESSES=4 npm run example:user-tokens
//
// Starts an identity provider, an API and the web app, each a process of its own, and starts again
// whichever is killed. Several processes of the web app (on PORT, PORT + 1 …) need a Redis to share.

import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { announce } from '../shared/announce.js'
import { takenPort } from '../listen.js'
import { openRedis } from '../shared/open-redis.js'
import { giveUp, readNumber, readPort } from '../shared/settings.js'
import { chooseAddresses } from './ports.js'

const restartAfter = 1000

const processes = readNumber('PROCESSES', 1, [1, 16])
const redisUrl = process.env['REDIS_URL']
if (processes > 1 && redisUrl === undefined) {
  giveUp('Several processes share no memory: set REDIS_URL to a Redis they can share.')
}
// The API is on a port two thousand further.
const port = readPort(3003, 65_535 - 2000)
// One that is missing is found here, before anything has started.
if (redisUrl !== undefined) await (await openRedis(redisUrl)).close()
const addresses = await chooseAddresses(port, processes)
const folder = mkdtempSync(join(tmpdir(), 'user-tokens-'))
const parts = [
  { name: 'provider', url: addresses.issuer },
  { name: 'api', url: addresses.api },
  ...addresses.web.map((url) => ({ name: 'web', url })),
]
const shared = {
  ...process.env,
  ISSUER: addresses.issuer,
  API: addresses.api,
  WEB: addresses.web.join(' '),
  DATA_FOLDER: folder,
  CLIENT_SECRET: randomBytes(32).toString('base64url'),
  COOKIE_SECRET: randomBytes(32).toString('base64url'),
}
const children = new Set<ChildProcess>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(0))

const started: string[] = []
for (const part of parts) started.push(await startPart(part))

console.log(`
Open ${addresses.web.join(' or ')} in a browser.
Access tokens live for 20 seconds; watch the page renew them, and kill a part to see what happens:
${started.join('\n')}

Sign out at the provider's own page, ${addresses.issuer}/session/end, and see the web app follow.
`)
announce({
  users: 'alice with the password wonderland, bob with the password builder',
  tries: [
    ['200: the refreshes and sign-outs that the provider has counted', `${addresses.issuer}/stats`],
    ['401: the API wants a token', `${addresses.api}/weather`],
  ],
})

async function startPart({ name, url }: (typeof parts)[number]): Promise<string> {
  const child = fork(join(import.meta.dirname, `${name}.ts`), [], { env: { ...shared, URL: url } })
  children.add(child)
  const [word] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => []),
  ])) as unknown[]
  if (word !== 'ready') {
    if (word === 'taken') console.error(takenPort(Number(new URL(url).port)))
    else console.error(`The ${name} did not start on ${url}.`)
    stop(1)
  }
  child.once('exit', () => {
    children.delete(child)
    setTimeout(() => {
      void startPart({ name, url }).then((line) => {
        console.log(`Started again: ${line}`)
      })
    }, restartAfter)
  })
  return `  ${name} on ${url}, process ${child.pid}`
}

function stop(code: number): never {
  for (const child of children) {
    child.removeAllListeners('exit')
    child.kill()
  }
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}
