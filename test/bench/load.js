// The load generator, in a process of its own. Each connection takes its share of the tokens in turn,
// so that no two send the same one at the same time.
import process from 'node:process'
import autocannon from 'autocannon'

const connections = 64
let shares

process.on('message', async ({ tokens, port, seconds }) => {
  if (tokens !== undefined) {
    const count = Math.min(connections, tokens.length)
    shares = Array.from({ length: count }, (_, share) =>
      tokens
        .filter((_token, index) => index % count === share)
        // What is undefined here comes from the other process as null.
        .map((token) => ({ headers: token === null ? {} : { authorization: `Bearer ${token}` } })),
    )
    process.send('ready')
    return
  }
  let connection = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/`,
    connections,
    duration: seconds,
    setupClient: (client) => client.setRequests(shares[connection++ % shares.length]),
  })
  const { errors, timeouts, statusCodeStats } = result
  process.send({
    rate: result.requests.average,
    count: result.requests.total,
    errors: errors + timeouts,
    statusCodeStats,
  })
})
process.once('disconnect', () => process.exit())
process.send?.('up')
