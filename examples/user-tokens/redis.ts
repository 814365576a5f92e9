import { createClient } from 'redis'

/** What the processes of the web app share, where there are several. */
export const redis = await connect(process.env['REDIS_URL'])

async function connect(url: string | undefined) {
  if (url === undefined) return undefined
  const client = createClient({ url, disableOfflineQueue: true })
  // A Redis that is away is reported by whoever needs it, and comes back by itself.
  client.on('error', () => undefined)
  return client.connect()
}
