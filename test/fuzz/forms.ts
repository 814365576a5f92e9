import fc from 'fast-check'
import supertest from 'supertest'
import { sessionApp } from '../support/session-app.js'
import { mutate, mutations } from './mutations.js'
import { defineTarget } from './target.js'

const { app } = sessionApp()
// One server for all requests: a listening socket for each would be most of the time.
const server = app.listen(0, '127.0.0.1')
server.unref()
const agent = supertest(server)

const cookieValue = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => text.replace(/[^\x20-\x7E]/g, '')),
  fc
    .tuple(
      fc.constantFrom(
        '__Host-Http-session=abc.def',
        '__Host-Http-session="x"',
        'a=b; __Host-Http-session=',
      ),
      mutations,
    )
    .map(([text, changes]) => mutate(text, changes).replace(/[^\x20-\x7E]/g, '')),
)

/** Cookies, bodies and origins in front of a session: the documented answers, never a 500. */
export const forms = defineTarget({
  name: 'cookies and bodies',
  share: 0.2,
  mustHappen: ['401', '403'],
  input: fc.record({
    route: fc.constantFrom(
      '/tokens/create',
      '/tokens/refresh',
      '/tokens/logout',
      '/me',
      '/api',
      '/page',
    ),
    cookie: cookieValue,
    origin: fc.constantFrom(
      undefined,
      'null',
      'https://evil.example',
      'http://127.0.0.1',
      ' ',
      'x',
    ),
    site: fc.constantFrom(undefined, 'same-origin', 'cross-site', 'none', 'x'),
    body: fc.oneof(fc.constant({ password: 'right' }), fc.jsonValue(), fc.constant(undefined)),
  }),
  attempt: async ({ route, cookie, origin, site, body }) => {
    const method = route.startsWith('/tokens') ? 'post' : 'get'
    let request = agent[method](route).set('Cookie', cookie)
    if (origin !== undefined) request = request.set('Origin', origin)
    if (site !== undefined) request = request.set('Sec-Fetch-Site', site)
    const { status } = await (typeof body === 'object' && method === 'post'
      ? request.send(body ?? {})
      : request)
    if (![200, 204, 302, 303, 400, 401, 403].includes(status))
      throw new Error(`${route}: ${status}`)
    return String(status)
  },
})
