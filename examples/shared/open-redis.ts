import { createClient } from 'redis'
import { giveUp } from './settings.js'

/** Connects to a Redis. One that is not there ends the example with one line; one that goes away comes back. */
export async function openRedis(url: string) {
  let isOpen = false
  const client = connectTo(url, (retries) => isOpen && Math.min(100 * 2 ** retries, 3000))
  client.on('error', (error: Error) => {
    if (isOpen) console.error(`Redis: ${reasonOf(error)}`)
  })
  await client.connect().catch((error: unknown) => {
    giveUp(`No Redis at REDIS_URL: ${reasonOf(error)}. Start it, or leave REDIS_URL out.`)
  })
  isOpen = true
  return client
}

function connectTo(url: string, reconnectStrategy: (retries: number) => number | false) {
  try {
    // While Redis is away a question fails at once instead of waiting for its return.
    const socket = { connectTimeout: 5000, reconnectStrategy }
    return createClient({ url, disableOfflineQueue: true, socket })
  } catch (error) {
    return giveUp(`REDIS_URL must be an address such as redis://localhost:6379: ${reasonOf(error)}`)
  }
}

/** Says why in one line: the refusals of several addresses are an error without words. */
export function reasonOf(error: unknown): string {
  const { message = '', code = 'no answer' } = error as { message?: string; code?: string }
  return message === '' ? code : (message.split('\n', 1)[0] ?? '')
}
