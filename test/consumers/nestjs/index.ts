import { createTestIssuer } from 'express-jwt-bearer/testing'
import { authorize } from 'express-jwt-bearer'
import { guardedBy } from './guarded-by.js'
import { createApp } from './orders.js'

const issuer = await createTestIssuer({ audience: 'api://orders' })
const alice = await issuer.bearer({ sub: 'alice' })
const admin = await issuer.bearer({ sub: 'admin', roles: ['Admin'] })

async function tell(
  options: typeof issuer.options,
  path: string,
  headers = {},
  everywhere = false,
) {
  const app = await createApp(options)
  if (everywhere) app.useGlobalGuards(guardedBy(authorize()))
  await app.listen(0, '127.0.0.1')
  const answer = await fetch(`${await app.getUrl()}${path}`, { headers })
  const body = await answer.text()
  console.log(answer.status, answer.headers.get('WWW-Authenticate'), body)
  await app.close()
}

const answering = {
  ...issuer.options,
  events: {
    onChallenge: (context: { handleResponse(): void; res: { end(text: string): void } }) => {
      context.handleResponse()
      context.res.end('sign in first')
    },
  },
}
await tell(issuer.options, '/orders')
await tell(issuer.options, '/orders', alice)
await tell(issuer.options, '/orders/all', alice)
await tell(issuer.options, '/orders/all', admin)
await tell(issuer.options, '/orders', {}, true)
await tell(answering, '/orders')
